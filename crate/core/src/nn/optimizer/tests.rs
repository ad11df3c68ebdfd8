use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Figures {
    optimizers: Vec<Path>,
}

/// The path of an optimiser on the quadratic 1/2 sum h w^2, in double precision.
#[derive(Deserialize)]
struct Path {
    name: String,
    start: Vec<f64>,
    hessian: Vec<f64>,
    path: Vec<Vec<f64>>,
}

fn config(name: &str) -> OptimizerConfig {
    let json = match name {
        "sgdMomentum" => r#"{"type":"sgd","learningRate":0.05,"momentum":0.9}"#,
        "nesterov" => r#"{"type":"sgd","learningRate":0.05,"momentum":0.9,"nesterov":true}"#,
        "sgdDecay" => r#"{"type":"sgd","learningRate":0.05,"momentum":0.9,"weightDecay":0.1}"#,
        "adam" => r#"{"type":"adam","learningRate":0.1}"#,
        "adamw" => r#"{"type":"adamw","learningRate":0.1,"weightDecay":0.1}"#,
        _ => panic!("an optimiser without its options: {name}"),
    };
    serde_json::from_str(json).unwrap()
}

/// Parameters that are one tensor of these values.
fn parameters<T: Scalar>(values: &[T]) -> Parameters<T> {
    let mut parameters = Parameters::with_room(values.len()).unwrap();
    parameters.add("weight".into(), &[values.len()], T::ZERO);
    parameters.values_mut().copy_from_slice(values);
    parameters
}

#[test]
fn paths_equal_those_of_pytorch() {
    let figures: Figures =
        serde_json::from_str(include_str!("../../../tests/data/torch-training.json")).unwrap();
    assert_eq!(figures.optimizers.len(), 5);
    for Path { name, start, hessian, path } in figures.optimizers {
        let config = config(&name);
        let mut weights = parameters(&start);
        let mut optimizer = Optimizer::<f64>::new(&config, weights.len()).unwrap();
        for (step, expected) in path.iter().enumerate() {
            let gradients: Vec<f64> = weights.values().iter().zip(&hessian).map(|(w, h)| w * h).collect();
            optimizer.step(&mut weights, &gradients, config.learning_rate(), 1.0).unwrap();
            for (w, e) in weights.values().iter().zip(expected) {
                assert!((w - e).abs() < 1e-12, "{name}, step {step}: {w} but PyTorch has {e}");
            }
        }
    }
}

#[test]
fn plain_descent_is_momentum_descent_with_momentum_zero() {
    let mut weights = parameters(&[1.0f64, -2.0]);
    let mut optimizer = Optimizer::new(&OptimizerConfig::sgd(0.1), 2).unwrap();
    optimizer.step(&mut weights, &[2.0, 4.0], 0.1, 0.5).unwrap();
    assert_eq!(weights.values(), [0.9, -2.2]);
    assert_eq!(optimizer.state().count(), 0);
}

#[test]
fn a_step_can_be_taken_back() {
    let length = PARALLEL + PIECE + 77;
    let gradients: Vec<f32> = (0..length).map(|i| (i as f32 * 0.37).sin()).collect();
    for config in [OptimizerConfig::sgd(0.1), config("nesterov"), config("adam")] {
        for threads in [1, 3] {
            let mut weights = parameters(&gradients);
            let mut optimizer = Optimizer::new(&config, length).unwrap();
            optimizer.undo(&mut weights);
            assert!(weights.values() == gradients, "there is no step to take back");
            parallel::install(threads, || {
                optimizer.step(&mut weights, &gradients, 0.01, 1.0).unwrap();
                let before = weights.clone();
                optimizer.step(&mut weights, &gradients, 0.01, 1.0).unwrap();
                assert!(weights != before);
                optimizer.undo(&mut weights);
                assert!(weights == before, "{config:?}, {threads} threads");
                optimizer.undo(&mut weights);
                assert!(weights == before, "a step is taken back once");
            })
            .unwrap();
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let length = PARALLEL + PIECE + 77;
    let gradients: Vec<f32> = (0..length).map(|i| (i as f32 * 0.37).sin()).collect();
    for name in ["sgdMomentum", "adam", "adamw"] {
        let run = |threads| {
            let start: Vec<f32> = (0..length).map(|i| (i as f32 * 0.11).cos()).collect();
            let mut weights = parameters(&start);
            let mut optimizer = Optimizer::new(&config(name), length).unwrap();
            parallel::install(threads, || {
                for _ in 0..3 {
                    optimizer.step(&mut weights, &gradients, 0.01, 0.7).unwrap();
                }
            })
            .unwrap();
            weights.values().to_vec()
        };
        let one = run(1);
        assert!(one.iter().zip(&run(1)).all(|(a, b)| a.to_bits() == b.to_bits()));
        for threads in [2, 3] {
            let many = run(threads);
            assert!(
                one.iter().zip(&many).all(|(a, b)| a.to_bits() == b.to_bits()),
                "{name}, {threads} threads"
            );
        }
    }
}

#[test]
fn bad_numbers_are_refused_by_name() {
    for (json, argument, code) in [
        (r#"{"type":"sgd","learningRate":-1}"#, "optimizer.learningRate", Code::Range),
        (r#"{"type":"sgd","momentum":1}"#, "optimizer.momentum", Code::Range),
        (r#"{"type":"sgd","nesterov":true}"#, "optimizer.nesterov", Code::Config),
        (r#"{"type":"adam","beta1":1.5}"#, "optimizer.beta1", Code::Range),
        (r#"{"type":"adam","beta2":-0.1}"#, "optimizer.beta2", Code::Range),
        (r#"{"type":"adamw","epsilon":0}"#, "optimizer.epsilon", Code::Range),
        (r#"{"type":"adam","epsilon":1e-46}"#, "optimizer.epsilon", Code::Range),
        (r#"{"type":"adam","epsilon":1e39}"#, "optimizer.epsilon", Code::Range),
        (r#"{"type":"adam","beta1":0.99999999999}"#, "optimizer.beta1", Code::Range),
        (r#"{"type":"adamw","weightDecay":1e39}"#, "optimizer.weightDecay", Code::Range),
        (r#"{"type":"adamw","weightDecay":-1}"#, "optimizer.weightDecay", Code::Range),
    ] {
        let error = serde_json::from_str::<OptimizerConfig>(json).unwrap().validate().unwrap_err();
        assert_eq!(error.code(), code, "{json}");
        assert!(error.to_string().starts_with(&format!("`{argument}`")), "{error}");
    }
    assert!(serde_json::from_str::<OptimizerConfig>(r#"{"type":"sgd","beta1":0.9}"#).is_err());
    assert!(serde_json::from_str::<OptimizerConfig>(r#"{"type":"rmsprop"}"#).is_err());
}

//! What a training step does beside the gradient: limits on norms, and the regularisers of learnt rates.

mod common;

use common::{bits, circle, options};
use inverted_dropout::nn::*;

const LIMIT: f64 = 0.7;

fn limited() -> Model {
    let dense = |units, activation, max_norm| {
        let initializer = Initializer::HeNormal;
        LayerConfig::Dense(DenseConfig { units, activation, bias: true, initializer, max_norm })
    };
    let block = LayerConfig::residual(vec![dense(8, Activation::Relu, Some(LIMIT))]);
    let layers = vec![
        dense(8, Activation::Relu, Some(LIMIT)),
        block,
        LayerConfig::dropout(0.2),
        dense(2, Activation::Identity, None),
    ];
    Model::new(&ModelConfig::new([2], Output::Softmax, 4, layers)).unwrap()
}

/// The largest norm of a unit's weights.
fn largest(model: &Model, name: &str, inputs: usize) -> f64 {
    let weights = model.parameters().get(name).unwrap();
    let norm = |row: &[f32]| row.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
    weights.chunks(inputs).map(norm).fold(0.0, f64::max)
}

const LIMITED: [(&str, usize); 2] = [("layers.0.weight", 2), ("layers.1.layers.0.weight", 8)];

#[test]
fn norms_keep_their_limit_after_every_step() {
    let mut model = limited();
    let data = circle(1, 64);
    let step = StepOptions { optimizer: Some(OptimizerConfig::sgd(0.5)), ..StepOptions::default() };
    let free = |model: &Model| largest(model, "layers.3.weight", 8);
    assert!(LIMITED.iter().all(|(name, inputs)| largest(&model, name, *inputs) > LIMIT));
    let mut reached = false;
    for _ in 0..20 {
        model.train_step(&data, &step).unwrap();
        for (name, inputs) in LIMITED {
            let norm = largest(&model, name, inputs);
            assert!(norm <= LIMIT * (1.0 + 1e-6), "{name}: {norm}");
            reached |= norm > LIMIT * (1.0 - 1e-6);
        }
    }
    assert!(reached && free(&model) > LIMIT);

    let mut fitted = limited();
    let options = FitOptions { optimizer: OptimizerConfig::sgd(0.5), ..options(3) };
    fitted.fit(&data, None, &options, &Control::new(), &mut Silent).unwrap();
    assert!(LIMITED.iter().all(|(name, inputs)| largest(&fitted, name, *inputs) <= LIMIT * (1.0 + 1e-6)));
}

struct Silent;

impl FitObserver for Silent {}

#[test]
fn a_limit_is_undone_with_its_step() {
    let mut model = limited();
    let before = bits(model.parameters().values());
    let data = circle(1, 64);
    let step = StepOptions { optimizer: Some(OptimizerConfig::sgd(0.5)), ..StepOptions::default() };
    model.train_step(&data, &step).unwrap();
    assert_ne!(bits(model.parameters().values()), before);
    let broken = Dataset { x: vec![f32::MAX; 128], ..data };
    assert_eq!(model.train_step(&broken, &step).unwrap_err().code(), inverted_dropout::Code::Diverged);
    assert_eq!(bits(model.parameters().values()), before, "those before the step, whose norms are larger");
}

fn learning(regularizer: f64) -> Model {
    let config = ConcreteDropoutConfig { rate: 0.05, regularizer, ..ConcreteDropoutConfig::default() };
    let layers = vec![
        LayerConfig::dense(16, Activation::Relu),
        LayerConfig::ConcreteDropout(config),
        LayerConfig::dense(2, Activation::Identity),
    ];
    Model::new(&ModelConfig::new([2], Output::Softmax, 4, layers)).unwrap()
}

#[test]
fn a_learnt_rate_follows_the_regulariser_and_the_loss_has_it() {
    let data = circle(1, 256);
    let rate = |model: &Model| 1.0 / (1.0 + (-model.parameters().get("layers.1.logit").unwrap()[0]).exp());
    let trained = |regularizer| {
        let mut model = learning(regularizer);
        let options = FitOptions { batch_size: 64, ..options(40) };
        let history = model.fit(&data, None, &options, &Control::new(), &mut Silent).unwrap();
        (rate(&model), history.epochs[0].loss)
    };
    let ((strong, with), (weak, without)) = (trained(0.1), trained(0.0));
    assert!(strong > 0.1 && weak < 0.08, "{strong} {weak}");
    // 16 features of entropy p ln p + q ln q = -0.1985 at p = 0.05, times 0.1, where training begins.
    assert!((-0.6..-0.25).contains(&(with - without)), "{with} {without}");

    // A step says the same as the gradients it is made of.
    let mut model = learning(0.1);
    let (loss, _) = model.gradients(&data, &StepOptions::default()).unwrap();
    let (plain, _) = learning(0.0).gradients(&data, &StepOptions::default()).unwrap();
    assert!((loss - plain + 0.1 * 16.0 * 0.198_515).abs() < 1e-5, "{loss} {plain}");
    assert_eq!(model.train_step(&data, &StepOptions::default()).unwrap().loss, loss);
}

//! Random small networks on random data: gradients agree with differences and with dual numbers, what a row gets does
//! not depend on its company, training that was stopped goes on as if it had not been, predictions are what is judged.

mod random;

use inverted_dropout::nn::*;
use inverted_dropout::ops::Dual;
use proptest::prelude::*;
use random::{Case, cases};

/// The loss sum(y_i cos(i)), and its gradients.
fn loss(network: &Network<f64>, case: &Case) -> (f64, Vec<f64>) {
    let mut workspace = network.workspace(case.ids.len(), Purpose::Training).unwrap();
    network.forward(&mut workspace, &case.x, case.keys(7), Mode::Train).unwrap();
    let (output, gradient) = workspace.output_and_gradient();
    let mut loss = 0.0;
    for (i, (y, gradient)) in output.iter().zip(gradient).enumerate() {
        *gradient = (i as f64).cos();
        loss += y * *gradient;
    }
    let mut gradients = vec![f64::NAN; network.parameters().len()];
    network.backward(&mut workspace, &case.x, case.keys(7), Mode::Train, &mut gradients).unwrap();
    (loss, gradients)
}

/// Its derivative in a direction of the parameters, by dual numbers forward.
fn tangent(network: &Network<f64>, direction: &[f64], case: &Case) -> f64 {
    let network = network.with_tangents(direction).unwrap();
    let mut workspace = network.workspace(case.ids.len(), Purpose::Training).unwrap();
    let x: Vec<Dual<f64>> = case.x.iter().map(|&value| Dual { value, tangent: 0.0 }).collect();
    network.forward(&mut workspace, &x, case.keys(7), Mode::Train).unwrap();
    workspace.output().iter().enumerate().map(|(i, y)| y.tangent * (i as f64).cos()).sum()
}

/// Numbers in [-1, 1].
fn direction(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 2.399_963).sin()).collect()
}

fn f32s(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn dataset(case: &Case) -> Dataset {
    let rows = case.ids.len();
    let y = (0..2 * rows).map(|i| (i as f32).sin()).collect();
    Dataset {
        ids: Some(case.ids.clone()),
        lengths: case.lengths.clone(),
        ..Dataset::new(f32s(&case.x), rows, Targets::Values { values: y, width: 2 })
    }
}

fn options(epochs: u64) -> FitOptions {
    let loss = LossConfig::MeanSquaredError {};
    FitOptions {
        batch_size: 4,
        clip_norm: Some(1.0),
        ..FitOptions::new(loss, OptimizerConfig::adam(0.01), epochs)
    }
}

/// Aborts after some steps.
struct Stop<'a> {
    after: u64,
    control: &'a Control,
}

impl FitObserver for Stop<'_> {
    fn on_batch(&mut self, event: &BatchEvent) {
        if event.step == self.after {
            self.control.abort();
        }
    }
}

fn bits(model: &Model) -> Vec<u32> {
    let network = model.network();
    network
        .parameters()
        .values()
        .iter()
        .chain(network.buffers().values())
        .map(|value| value.to_bits())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gradients_agree_with_differences_and_with_dual_numbers(case in cases()) {
        let mut network = Network::<f64>::new(&case.config).unwrap();
        let gradients = loss(&network, &case).1;
        let direction = direction(gradients.len());
        let got: f64 = gradients.iter().zip(&direction).map(|(gradient, along)| gradient * along).sum();
        let terms: f64 = gradients.iter().zip(&direction).map(|(gradient, along)| (gradient * along).abs()).sum();

        let exact = tangent(&network, &direction, &case);
        prop_assert!((got - exact).abs() <= 1e-10 * terms.max(1.0), "{got} by backward, {exact} by dual numbers");

        const H: f64 = 1e-6;
        let values = network.parameters().values().to_vec();
        let mut at = |step: f64| {
            for ((value, before), along) in network.parameters_mut().values_mut().iter_mut().zip(&values).zip(&direction) {
                *value = before + step * along;
            }
            loss(&network, &case).0
        };
        let difference = (at(H) - at(-H)) / (2.0 * H);
        prop_assert!((got - difference).abs() <= 1e-4 * terms.max(1.0), "{got} by backward, {difference} by differences");
    }

    #[test]
    fn a_row_gets_the_same_in_any_company(case in cases()) {
        let network = Network::<f64>::new(&case.config).unwrap();
        let mut workspace = network.workspace(case.ids.len(), Purpose::Inference).unwrap();
        network.forward(&mut workspace, &case.x, case.keys(3), Mode::MonteCarlo).unwrap();
        let together = workspace.output().to_vec();
        for (row, x) in case.x.chunks(network.input_width()).enumerate() {
            let lengths = case.lengths.as_ref().map(|lengths| &lengths[row..=row]);
            let keys = RowKeys { lengths, ..RowKeys::at_step(&case.ids[row..=row], 3) };
            network.forward(&mut workspace, x, keys, Mode::MonteCarlo).unwrap();
            let width = network.output_width();
            for (alone, together) in workspace.output().iter().zip(&together[row * width..]) {
                prop_assert!((alone - together).abs() <= 1e-10 * together.abs().max(1.0), "{alone} alone, {together} in the batch");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resumed_training_equals_training_that_never_stopped(case in cases(), stop in 1u64..10) {
        let (data, folder) = (dataset(&case), tempfile::tempdir().unwrap());
        let path = folder.path().join("run.safetensors");
        let mut whole = Model::new(&case.config).unwrap();
        let history = whole.fit(&data, None, &options(3), &Control::new(), &mut ()).unwrap();

        let control = Control::new();
        let mut first = Model::new(&case.config).unwrap();
        let checkpoint = Some(CheckpointOptions { path: path.clone(), every_steps: None, keep: None });
        let stopped = FitOptions { checkpoint, ..options(3) };
        let after = stop.min(history.steps - 1).max(1);
        let result = first.fit(&data, None, &stopped, &control, &mut Stop { after, control: &control });
        let mut second = Model::new(&case.config).unwrap();
        if result.is_err() {
            let resumed = FitOptions { resume: Some(path), ..options(3) };
            second.fit(&data, None, &resumed, &Control::new(), &mut ()).unwrap();
        } else {
            second = first; // one step in all: nothing is left to stop
        }
        prop_assert_eq!(bits(&second), bits(&whole));
    }

    #[test]
    fn predictions_are_what_is_judged(case in cases()) {
        let data = dataset(&case);
        let mut model = Model::new(&case.config).unwrap();
        model.fit(&data, None, &options(2), &Control::new(), &mut ()).unwrap();
        let predict = PredictOptions { lengths: case.lengths.clone(), ..PredictOptions::default() };
        let predicted = model.predict(&data.x, data.rows, &predict).unwrap();
        let loss = LossConfig::MeanSquaredError {};
        let judged = model.evaluate(&data, &EvaluateOptions { loss: Some(loss), ..EvaluateOptions::default() }).unwrap().loss;
        let Targets::Values { values, .. } = &data.y else { unreachable!() };
        let squares = predicted.iter().zip(values).map(|(y, target)| f64::from(y - target).powi(2));
        let mean = squares.sum::<f64>() / values.len() as f64;
        prop_assert!((mean - judged).abs() <= 1e-5 * mean.max(1.0), "{mean} by predict, {judged} by evaluate");
        // What Monte Carlo passes and predictions leave alone.
        let before = bits(&model);
        let again = model.predict(&data.x, data.rows, &predict).unwrap();
        prop_assert_eq!(again, predicted);
        prop_assert_eq!(bits(&model), before);
    }
}

//! What the kinds of recurrent dropout do to memory: published claims with exact figures.

use super::*;

/// One unit (or many alike) at `time` steps of input 1, with weights of one number for each tensor and gate.
fn units(layer: LayerConfig, time: usize, weights: &[(&str, &[f64])]) -> Network<f64> {
    let config = ModelConfig::new([time, 1], Output::Identity, 5, vec![layer]);
    let mut network = Network::new(&config).unwrap();
    for (name, values) in weights {
        let name = format!("layers.0.{name}");
        let units = network.config().shapes().unwrap()[1].last();
        let entry = network.parameters().entries().iter().find(|entry| entry.name == name).unwrap().clone();
        let tensor = &mut network.parameters_mut().values_mut()[entry.range];
        tensor.fill(0.0);
        let width = tensor.len() / (units * values.len());
        for (gate, value) in values.iter().enumerate() {
            for unit in 0..units {
                let of = (gate * units + unit) * width;
                // A hidden weight is that of the unit itself.
                let column = if width == units && width > 1 { unit } else { 0 };
                tensor[of + column] = *value;
            }
        }
    }
    network
}

/// A fresh mask on the memory itself doubles its second moment at each step of rate 0.5: 2^20 after 20 steps.
#[test]
fn a_fresh_mask_on_memory_doubles_its_second_moment_at_each_step() {
    const STEPS: usize = 6;
    let state_dropout = Some(SequenceDropout::step(0.5));
    let layer = RnnConfig { activation: RnnActivation::Relu, state_dropout, ..RnnConfig::new(32) };
    // The first step writes 1 into memory; the others keep it.
    let network = units(
        LayerConfig::Rnn(layer),
        STEPS + 1,
        &[("weightInput", &[1.0]), ("weightHidden", &[1.0]), ("biasInput", &[0.0]), ("biasHidden", &[0.0])],
    );
    let rows = 4096;
    let mut x = vec![0.0; rows * (STEPS + 1)];
    x.iter_mut().step_by(STEPS + 1).for_each(|x| *x = 1.0);
    let ids: Vec<u32> = (0..rows as u32).collect();
    let y = output(&network, &x, RowKeys::at_step(&ids, 0), Mode::Train);
    for step in 0..=STEPS {
        let values = y.chunks(32 * (STEPS + 1)).flat_map(|row| &row[step * 32..][..32]);
        let count = (rows * 32) as f64;
        let moment = values.map(|h| h * h).sum::<f64>() / count;
        let expected = 2f64.powi(step as i32);
        // h^2 is 4^step with probability 2^-step: four standard errors.
        let error = 4.0 * ((8f64.powi(step as i32) - 4f64.powi(step as i32)) / count).sqrt();
        assert!((moment - expected).abs() <= error, "step {step}: {moment} instead of {expected}");
    }
}

/// c = 0.9 c + m / q with rate 0.25: mean 10, stationary variance (1/3) / (1 - 0.81) = 1.754.
#[test]
fn candidate_dropout_has_the_stationary_variance_of_semeniuta() {
    const SCALE: f64 = 1e-3; // i g, so small that tanh of the cell can be undone
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let layer = LstmConfig {
        candidate_dropout: Some(SequenceDropout::step(0.25)),
        return_sequences: false,
        ..LstmConfig::new(32)
    };
    let biases = [logit(SCALE), logit(0.9), 30.0, 40.0];
    let network = units(
        LayerConfig::Lstm(layer),
        150,
        &[
            ("weightInput", &[0.0; 4]),
            ("weightHidden", &[0.0; 4]),
            ("biasInput", &biases),
            ("biasHidden", &[0.0; 4]),
        ],
    );
    let rows = 1024;
    let ids: Vec<u32> = (0..rows as u32).collect();
    let y = output(&network, &vec![0.0; rows * 150], RowKeys::at_step(&ids, 0), Mode::Train);
    let cells: Vec<f64> = y.iter().map(|h| h.atanh() / SCALE).collect();
    let count = cells.len() as f64;
    let mean = cells.iter().sum::<f64>() / count;
    let variance = cells.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / count;
    assert!((mean - 10.0).abs() < 4.0 * (1.754 / count).sqrt(), "{mean}");
    assert!((variance - 1.754).abs() < 4.0 * 1.754 * (2.0 / count).sqrt(), "{variance}");
}

/// In inference zoneout is its expectation at each step.
#[test]
fn zoneout_in_inference_is_the_expectation_of_a_step() {
    let layer = RnnConfig { zoneout: Some(ZoneoutConfig::new(0.3)), ..RnnConfig::new(1) };
    let network = units(
        LayerConfig::Rnn(layer),
        2,
        &[("weightInput", &[1.0]), ("weightHidden", &[0.5]), ("biasInput", &[0.0]), ("biasHidden", &[0.0])],
    );
    let y = output(&network, &[0.8, -0.4], RowKeys::NONE, Mode::Inference);
    let first = 0.7 * 0.8f64.tanh();
    let second = 0.3 * first + 0.7 * (-0.4 + 0.5 * first).tanh();
    assert!((y[0] - first).abs() < 1e-15 && (y[1] - second).abs() < 1e-15);
    let rows = 20_000;
    let ids: Vec<u32> = (0..rows).collect();
    let x = [0.8, -0.4].repeat(rows as usize);
    let y = output(&network, &x, RowKeys::at_step(&ids, 0), Mode::Train);
    let mean = y.iter().step_by(2).sum::<f64>() / f64::from(rows);
    let error = 4.0 * 0.8f64.tanh() * (0.21 / f64::from(rows)).sqrt();
    assert!((mean - first).abs() < error, "{mean} instead of {first}");
}

//! DropConnect, Gaussian, alpha and concrete dropout.

use super::*;
use crate::nn::LossConfig;
use crate::nn::config::{
    AlphaDropoutConfig, ConcreteDropoutConfig, DropConnectConfig, GaussianDropoutConfig,
};
use crate::ops::Dual;
use crate::ops::noise::{Concrete, Rows, concrete_dropout};
use crate::stream::normals;

fn gaussian(rate: f64) -> LayerConfig {
    LayerConfig::GaussianDropout(GaussianDropoutConfig { rate, site: None })
}

fn alpha(rate: f64) -> LayerConfig {
    LayerConfig::AlphaDropout(AlphaDropoutConfig { rate, site: None })
}

fn concrete(rate: f64, regularizer: f64) -> LayerConfig {
    LayerConfig::ConcreteDropout(ConcreteDropoutConfig {
        rate,
        regularizer,
        temperature: 0.4,
        ..ConcreteDropoutConfig::default()
    })
}

fn drop_connect(units: usize, share: Share) -> LayerConfig {
    let config = DropConnectConfig::new(units, 0.4, Activation::Tanh);
    LayerConfig::DropConnect(DropConnectConfig { share, ..config })
}

/// Every layer of the family; more than one of those that follow each other.
fn family() -> Vec<LayerConfig> {
    vec![
        concrete(0.3, 0.5),
        drop_connect(5, Share::None),
        gaussian(0.3),
        LayerConfig::dropout(0.2),
        drop_connect(4, Share::Batch),
        alpha(0.2),
        concrete(0.4, 2.0),
        LayerConfig::dense(2, Activation::Identity),
    ]
}

#[test]
fn gradients_agree_with_differences() {
    for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
        check_by_differences(network(4, family()), mode);
    }
    let steps = [3, 3, 8, 8, 3];
    let keys = RowKeys { steps: Steps::PerRow(&steps), ..RowKeys::at_step(&IDS, 0) };
    check_by_differences_at(network(4, family()), &numbers(5 * 4, 0.0), keys, Mode::MonteCarlo);
}

#[test]
fn a_layer_that_drops_weights_of_each_step_has_right_gradients() {
    let layers = vec![drop_connect(3, Share::None), LayerConfig::dropout(0.3), drop_connect(2, Share::Batch)];
    let config = ModelConfig::new([3, 2], Output::Identity, 5, layers);
    check_by_differences(Network::new(&config).unwrap(), Mode::Train);
}

#[test]
fn hessian_products_are_exact() {
    for mode in [Mode::Train, Mode::Inference] {
        let network = network(4, family());
        super::tangents::check_hessian_product(network, &LossConfig::MeanSquaredError {}, mode);
    }
}

#[test]
fn the_regulariser_is_the_entropy_of_the_masks_and_has_its_gradient() {
    let mut network = network::<f64>(4, family());
    let logits: Vec<usize> = network
        .parameters()
        .entries()
        .iter()
        .filter(|entry| entry.name.ends_with("logit"))
        .map(|entry| entry.range.start)
        .collect();
    for logit in [-30.0, -2.0, -0.1, 0.0, 0.7, 3.0, 40.0] {
        let values = network.parameters_mut().values_mut();
        (values[logits[0]], values[logits[1]]) = (logit, 0.0);
        let mut gradients = vec![1.0; network.parameters().len()];
        let value = network.penalty(&mut gradients).unwrap();
        let p = 1.0 / (1.0 + f64::exp(-logit));
        let entropy =
            |p: f64| if p * (1.0 - p) < 1e-12 { 0.0 } else { p * p.ln() + (1.0 - p) * (1.0 - p).ln() };
        let wanted = 0.5 * 4.0 * entropy(p) + 2.0 * 4.0 * entropy(0.5);
        assert!((value - wanted).abs() < 1e-11, "{value} instead of {wanted}");
        let untouched = gradients.iter().enumerate().filter(|(index, _)| !logits.contains(index));
        assert!(untouched.into_iter().all(|(_, gradient)| *gradient == 1.0), "gradients are added to");

        let mut at = |logit: f64| {
            network.parameters_mut().values_mut()[logits[0]] = logit;
            let mut gradients = vec![0.0; network.parameters().len()];
            (network.penalty(&mut gradients).unwrap(), gradients[logits[0]])
        };
        const H: f64 = 1e-5;
        let (plus, minus) = (at(logit + H), at(logit - H));
        let difference = (plus.0 - minus.0) / (2.0 * H);
        assert!((gradients[logits[0]] - 1.0 - difference).abs() < 1e-9, "{logit}: {difference}");
        let curvature = (plus.1 - minus.1) / (2.0 * H);
        at(logit);
        let mut direction = vec![0.0; network.parameters().len()];
        direction[logits[0]] = 1.0;
        let mut product = vec![Dual::default(); direction.len()];
        let penalty = network.with_tangents(&direction).unwrap().penalty(&mut product).unwrap();
        assert!((penalty.tangent - difference).abs() < 1e-9);
        assert!((product[logits[0]].tangent - curvature).abs() < 1e-9, "{logit}: {curvature}");
    }
}

#[test]
fn weights_drop_where_the_stream_says() {
    for share in [Share::None, Share::Batch] {
        let network = network::<f32>(30, vec![drop_connect(7, share)]);
        let x: Vec<f32> = numbers(5 * 30, 0.0);
        let y = output(&network, &x, RowKeys::at_step(&IDS, 9), Mode::Train);
        let weight = network.parameters().get("layers.0.weight").unwrap();
        let bias = network.parameters().get("layers.0.bias").unwrap();
        let address = Address {
            seed: 11,
            domain: Domain::Train,
            step: 9,
            shared: share == Share::Batch,
            ..Address::default()
        };
        for (row, (x, y)) in x.chunks(30).zip(y.chunks(7)).enumerate() {
            for (unit, y) in y.iter().enumerate() {
                let kept = |lane: usize| {
                    keep_lane(&address.with_sample(IDS[row]), lane as u64, Rate::new(0.4).unwrap())
                };
                let sum: f32 = (0..30)
                    .filter(|input| kept(unit * 30 + input))
                    .map(|input| weight[unit * 30 + input] / 0.6 * x[input])
                    .sum();
                let wanted = (sum + bias[unit]).tanh();
                assert!((y - wanted).abs() < 1e-5, "{share:?}, row {row}: {y} instead of {wanted}");
            }
        }
    }
}

#[test]
fn inference_is_plain() {
    let dense = |kind: LayerConfig| network::<f64>(4, vec![kind]);
    let x = numbers(5 * 4, 0.0);
    let plain = output(&dense(LayerConfig::dense(3, Activation::Tanh)), &x, RowKeys::NONE, Mode::Inference);
    let dropping = dense(drop_connect(3, Share::None));
    assert_eq!(output(&dropping, &x, RowKeys::NONE, Mode::Inference), plain);
    for layer in [gaussian(0.5), alpha(0.5), concrete(0.5, 1.0)] {
        let network = dense(layer);
        assert_eq!(output(&network, &x, RowKeys::NONE, Mode::Inference), x);
        assert_ne!(output(&network, &x, RowKeys::at_step(&IDS, 0), Mode::Train), x);
    }
}

#[test]
fn noise_is_that_of_the_stream_whatever_the_batch() {
    let x = numbers::<f32>(5 * 50, 0.0);
    let keys = RowKeys::at_step(&IDS, 9);
    let address = |row: usize| Address {
        seed: 11,
        domain: Domain::Train,
        step: 9,
        sample: IDS[row],
        ..Address::default()
    };
    let y = output(&network(50, vec![gaussian(0.2)]), &x, keys, Mode::Train);
    for (row, (x, y)) in x.chunks(50).zip(y.chunks(50)).enumerate() {
        let mut noise = [0.0; 50];
        normals(&address(row), &mut noise);
        for i in 0..50 {
            let wanted = x[i] * (1.0 + 0.5 * noise[i]);
            assert!((y[i] - wanted).abs() < 1e-6, "row {row}: {} instead of {wanted}", y[i]);
        }
    }
    let y = output(&network(50, vec![concrete(0.3, 0.0)]), &x, keys, Mode::Train);
    for (row, (x, y)) in x.chunks(50).zip(y.chunks(50)).enumerate() {
        let mask = crate::mask::Mask { address: address(row), rate: Rate::new(0.3).unwrap() };
        let mut wanted = [0.0; 50];
        concrete_dropout(&Concrete::new(mask, 0.4).unwrap(), Rows::One, x, &mut wanted).unwrap();
        for (y, wanted) in y.iter().zip(wanted) {
            assert!((y - wanted).abs() < 1e-5, "row {row}: {y} instead of {wanted}");
        }
    }
    let y = output(&network(50, vec![alpha(0.3)]), &x, keys, Mode::Train);
    let affine = crate::ops::noise::Affine::new(Rate::new(0.3).unwrap());
    for (row, (x, y)) in x.chunks(50).zip(y.chunks(50)).enumerate() {
        for i in 0..50 {
            let kept = keep_lane(&address(row), i as u64, Rate::new(0.3).unwrap());
            let wanted = if kept { f64::from(x[i]) * affine.scale + affine.shift } else { affine.dropped };
            assert!((f64::from(y[i]) - wanted).abs() < 1e-6, "row {row}: {} instead of {wanted}", y[i]);
        }
    }
}

/// Mean and variance of the outputs, with the standard errors of both.
fn moments(y: &[f32]) -> [f64; 2] {
    let count = y.len() as f64;
    let mean = y.iter().map(|y| f64::from(*y)).sum::<f64>() / count;
    [mean, y.iter().map(|y| (f64::from(*y) - mean).powi(2)).sum::<f64>() / count]
}

#[test]
fn noise_has_its_moments() {
    const WIDTH: usize = 2000;
    let ids: Vec<u32> = (0..100).collect();
    let keys = RowKeys::at_step(&ids, 1);
    let count = (WIDTH * ids.len()) as f64;
    // Ones under Gaussian noise: mean 1, variance p / (1 - p) = 1/4; six standard errors.
    let y = output(&network(WIDTH, vec![gaussian(0.2)]), &vec![1.0; WIDTH * 100], keys, Mode::Train);
    let [mean, variance] = moments(&y);
    assert!((mean - 1.0).abs() < 6.0 * 0.5 / count.sqrt(), "{mean}");
    assert!((variance - 0.25).abs() < 6.0 * 0.25 * (2.0 / count).sqrt(), "{variance}");
    // Standard normal numbers under alpha dropout keep mean 0 and variance 1; a fourth moment below 6.
    let mut x = vec![0.0; WIDTH * 100];
    normals(&Address { seed: 5, ..Address::default() }, &mut x);
    let [mean, variance] = moments(&output(&network(WIDTH, vec![alpha(0.3)]), &x, keys, Mode::Train));
    assert!(mean.abs() < 6.0 / count.sqrt(), "{mean}");
    assert!((variance - 1.0).abs() < 6.0 * (5.0 / count).sqrt(), "{variance}");
}

#[test]
fn bits_do_not_depend_on_threads() {
    let network = network::<f32>(
        1500,
        vec![gaussian(0.3), alpha(0.1), concrete(0.2, 1.0), drop_connect(300, Share::Batch)],
    );
    let x = numbers(700 * 1500, 0.0);
    let ids: Vec<u32> = (0..700).collect();
    let run = |threads| {
        let work = || pass(&network, &x, RowKeys::at_step(&ids, 3), Mode::Train);
        let (y, gradients) = parallel::install(threads, work).unwrap();
        (bits(&y), bits(&gradients))
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn a_logit_that_is_no_number_is_seen() {
    let mut network = network::<f32>(4, vec![concrete(0.3, 0.5)]);
    network.parameters_mut().values_mut()[0] = f32::NAN;
    let (y, gradients) = pass(&network, &[1.0; 4], RowKeys::at_step(&[0], 0), Mode::Train);
    assert!(y.iter().chain(&gradients).all(|value| value.is_nan()));
}

#[test]
fn rates_that_cannot_be_are_refused() {
    let refuse = |layer: LayerConfig, needle: &str| {
        let config = ModelConfig::new([4], Output::Identity, 1, vec![layer]);
        let error = Network::<f32>::new(&config).unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    };
    refuse(gaussian(1.0), "`rate` must be in [0, 1)");
    refuse(gaussian(-0.5), "`layers[0].rate` must be a number in [0, 1]");
    refuse(alpha(1.5), "`layers[0].rate` must be a number in [0, 1]");
    refuse(concrete(0.0, 1.0), "`rate` must be a number in (0, 1)");
    refuse(concrete(0.5, -1.0), "`regularizer`");
    let temperature = ConcreteDropoutConfig { temperature: 0.0, ..ConcreteDropoutConfig::default() };
    refuse(LayerConfig::ConcreteDropout(temperature), "`temperature`");
    refuse(drop_connect(0, Share::None), "`units` must be at least 1");
    let mut network =
        network::<f32>(4, vec![gaussian(0.5), concrete(0.5, 1.0), drop_connect(3, Share::None)]);
    assert!(network.set_rates(&[(0.into(), 1.0)]).is_err());
    assert!(network.set_rates(&[(1.into(), 0.2)]).is_err(), "it is learnt");
    network.set_rates(&[(0.into(), 0.2), (2.into(), 0.9)]).unwrap();
}

//! Batch normalisation: gradients, statistics, and who may change them.

use super::convolution::{channels_first, on};
use super::tangents::check_hessian_product;
use super::*;
use crate::nn::{BatchNormConfig, ImageLayout, LossConfig};

/// So large an epsilon that differences are as exact as elsewhere: a channel of little variance is steep.
fn smooth() -> LayerConfig {
    LayerConfig::BatchNorm(BatchNormConfig { epsilon: 0.3, ..BatchNormConfig::default() })
}

fn layers() -> Vec<LayerConfig> {
    vec![
        LayerConfig::dense(4, Activation::Tanh),
        smooth(),
        LayerConfig::activation(Activation::Silu),
        LayerConfig::residual(vec![smooth(), LayerConfig::dense(4, Activation::Identity)]),
        LayerConfig::dense(3, Activation::Identity),
    ]
}

#[test]
fn gradients_agree_with_differences_and_hessian_products_are_exact() {
    for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
        for shape in [&[4][..], &[3, 4], &[2, 2, 4]] {
            let mut all = layers();
            all.push(LayerConfig::flatten());
            check_by_differences(on(shape, all.clone()), mode);
            check_hessian_product(on(shape, all), &LossConfig::MeanSquaredError {}, mode);
        }
    }
}

#[test]
fn sequences_count_by_their_lengths() {
    let network = on::<f64>(&[3, 2], vec![LayerConfig::batch_norm()]);
    let lengths = [3, 1];
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&[0, 1], 0) };
    let mut x: Vec<f64> = numbers(12, 0.0);
    let y = output(&network, &x, keys, Mode::Train);
    x[8..].fill(1e6);
    let other = output(&network, &x, keys, Mode::Train);
    assert_eq!(y[..8], other[..8]);
    // The same four vectors as rows of their own.
    let single = on::<f64>(&[2], vec![LayerConfig::batch_norm()]);
    let alone = output(&single, &x[..8], RowKeys::at_step(&[0, 1, 2, 3], 0), Mode::Train);
    assert!(alone.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn gradients_of_padded_sequences_agree_with_differences() {
    let layers = vec![
        LayerConfig::dense(2, Activation::Tanh),
        LayerConfig::batch_norm(),
        LayerConfig::activation(Activation::Tanh),
    ];
    let mut network = on::<f64>(&[3, 2], layers);
    let lengths = [3, 1];
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&[0, 1], 0) };
    let x = numbers(12, 0.0);
    let (_, gradients) = pass(&network, &x, keys, Mode::Train);
    for index in 0..gradients.len() {
        let value = network.parameters().values()[index];
        let mut at = |delta: f64| -> f64 {
            network.parameters_mut().values_mut()[index] = value + delta;
            let (y, _) = pass(&network, &x, keys, Mode::Train);
            y.iter().zip(numbers::<f64>(y.len(), 7.1)).map(|(y, target)| y * target).sum()
        };
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        at(0.0);
        assert!((difference - gradients[index]).abs() < 1e-7, "{index}: {difference} {}", gradients[index]);
    }
}

/// By hand: the batch 1, 2, 6 has the mean 3, the variance 14/3 and the unbiased variance 7.
#[test]
fn a_step_moves_the_running_statistics_and_other_passes_leave_them_alone() {
    let mut network = on::<f64>(&[1], vec![LayerConfig::batch_norm()]);
    network.parameters_mut().values_mut().copy_from_slice(&[2.0, 0.5]);
    let mut workspace = network.workspace(3, Purpose::Training).unwrap();
    let (x, keys) = ([1.0, 2.0, 6.0], RowKeys::at_step(&[0, 1, 2], 0));
    for mode in [Mode::Inference, Mode::MonteCarlo] {
        network.forward(&mut workspace, &x, keys, mode).unwrap();
        network.update_buffers(&workspace).unwrap();
        assert_eq!(network.buffers().values(), [0.0, 1.0]);
        let scale = 2.0 / 1.00001f64.sqrt();
        let wanted = x.map(|x| x * scale + 0.5);
        assert!(workspace.output().iter().zip(wanted).all(|(y, wanted)| (y - wanted).abs() < 1e-14));
    }
    network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
    let wanted = x.map(|x| 2.0 * (x - 3.0) / (14.0 / 3.0 + 1e-5f64).sqrt() + 0.5);
    assert!(workspace.output().iter().zip(wanted).all(|(y, wanted)| (y - wanted).abs() < 1e-14));
    assert_eq!(network.buffers().values(), [0.0, 1.0], "a pass alone changes nothing");
    network.update_buffers(&workspace).unwrap();
    let (mean, variance) = (network.buffers().values()[0], network.buffers().values()[1]);
    assert!((mean - 0.3).abs() < 1e-15 && (variance - (0.9 + 0.7)).abs() < 1e-15, "{mean} {variance}");
    // The same from memory for inference, with the statistics of the batch.
    assert_eq!(output(&network, &x, keys, Mode::Train), workspace.output());
}

#[test]
fn statistics_within_a_block_are_updated_too() {
    let mut network = on::<f32>(&[2], vec![LayerConfig::residual(vec![LayerConfig::batch_norm()])]);
    let mut workspace = network.workspace(5, Purpose::Training).unwrap();
    network.forward(&mut workspace, &numbers(10, 0.0), RowKeys::at_step(&IDS, 0), Mode::Train).unwrap();
    let before = network.buffers().values().to_vec();
    network.update_buffers(&workspace).unwrap();
    assert!(network.buffers().values().iter().zip(&before).all(|(after, before)| after != before));
}

#[test]
fn channels_far_from_zero_are_standardised_without_cancellation() {
    let network =
        on::<f32>(&[1], vec![LayerConfig::batch_norm(), LayerConfig::activation(Activation::Identity)]);
    let mut network = network;
    network.parameters_mut().values_mut().copy_from_slice(&[1.0, 0.0]);
    let x: Vec<f32> = (0..100).map(|i| 1e6 + (i % 2) as f32).collect();
    let ids: Vec<u32> = (0..100).collect();
    let y = output(&network, &x, RowKeys::at_step(&ids, 0), Mode::Train);
    assert!(y.iter().zip(&x).all(|(y, x)| (y - (2.0 * (x - 1e6) - 1.0)).abs() < 1e-4), "{:?}", &y[..4]);
}

#[test]
fn bits_do_not_depend_on_threads_and_channels_first_are_the_same_numbers() {
    let layers = |layout| {
        let norm = LayerConfig::BatchNorm(BatchNormConfig { layout, ..BatchNormConfig::default() });
        vec![norm, LayerConfig::flatten()]
    };
    let last = on::<f32>(&[20, 20, 19], layers(ImageLayout::ChannelsLast));
    let x: Vec<f32> = numbers(37 * 7600, 0.0);
    let ids: Vec<u32> = (0..37).collect();
    let keys = RowKeys::at_step(&ids, 0);
    let run = |threads| {
        let (y, gradients) = parallel::install(threads, || pass(&last, &x, keys, Mode::Train)).unwrap();
        (bits(&y), bits(&gradients))
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
    let first = on::<f32>(&[19, 20, 20], layers(ImageLayout::ChannelsFirst));
    let y = output(&first, &channels_first(&x, 400, 19), keys, Mode::Train);
    assert_eq!(bits(&y), channels_first(&one.0, 400, 19));
}

#[test]
fn impossible_options_are_refused() {
    for (config, needle) in [
        (BatchNormConfig { momentum: 1.5, ..BatchNormConfig::default() }, "`momentum`"),
        (BatchNormConfig { momentum: f64::NAN, ..BatchNormConfig::default() }, "`momentum`"),
        (BatchNormConfig { epsilon: 0.0, ..BatchNormConfig::default() }, "`epsilon`"),
        (BatchNormConfig { epsilon: f64::INFINITY, ..BatchNormConfig::default() }, "`epsilon`"),
    ] {
        let config = ModelConfig::new([2], Output::Identity, 1, vec![LayerConfig::BatchNorm(config)]);
        let error = Network::<f32>::new(&config).unwrap_err().to_string();
        assert!(error.contains("(batchNorm)") && error.contains(needle), "{error}");
    }
}

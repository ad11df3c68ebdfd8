//! Pools against their definition and differences.

use super::convolution::{channels_first, on};
use super::tangents::check_hessian_product;
use super::*;
use crate::nn::{GlobalAveragePoolConfig, ImageLayout, LossConfig, Padding, Pair, Pool2dConfig};

fn pools() -> Vec<Pool2dConfig> {
    let mut pools = Vec::new();
    for size in [[2, 2], [3, 2], [1, 4], [5, 5]] {
        for stride in [None, Some(Pair([1, 2])), Some(Pair([4, 3]))] {
            for padding in [Padding::Valid, Padding::Same, Padding::Amount(Pair([0, 1]))] {
                let config = Pool2dConfig { stride, padding, ..Pool2dConfig::new(size) };
                if padding != Padding::Amount(Pair([0, 1])) || size[1] > 1 {
                    pools.push(config);
                }
            }
        }
    }
    pools
}

#[test]
fn outputs_agree_with_the_definition() {
    for config in pools() {
        let [height, width, channels] = [7, 8, 3];
        let x: Vec<f64> = numbers(height * width * channels, 0.0);
        let ([rows, columns], _) = config.windows(&Shape::new([height, width, channels])).unwrap();
        let run = |layer| {
            let network = on::<f64>(&[height, width, channels], vec![layer, LayerConfig::flatten()]);
            output(&network, &x, RowKeys::NONE, Mode::Inference)
        };
        let (max, average) =
            (run(LayerConfig::MaxPool2d(config.clone())), run(LayerConfig::AveragePool2d(config.clone())));
        for (index, (max, average)) in max.iter().zip(&average).enumerate() {
            let (oy, ox, c) =
                (index / channels / columns.output, index / channels % columns.output, index % channels);
            let mut values = Vec::new();
            for ky in 0..rows.kernel {
                for kx in 0..columns.kernel {
                    let iy = (oy * rows.stride + ky).wrapping_sub(rows.before);
                    let ix = (ox * columns.stride + kx).wrapping_sub(columns.before);
                    if iy < height && ix < width {
                        values.push(x[(iy * width + ix) * channels + c]);
                    }
                }
            }
            assert_eq!(*max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max), "{config:?}");
            let wanted = values.iter().sum::<f64>() / (rows.kernel * columns.kernel) as f64;
            assert!((average - wanted).abs() < 1e-14, "{config:?}: {average} instead of {wanted}");
        }
    }
}

#[test]
fn gradients_agree_with_differences() {
    for config in pools() {
        for layout in [ImageLayout::ChannelsLast, ImageLayout::ChannelsFirst] {
            for kind in [LayerConfig::MaxPool2d, LayerConfig::AveragePool2d] {
                let config = Pool2dConfig { layout, ..config.clone() };
                let before = LayerConfig::dense(6, Activation::Tanh);
                let layers = vec![before, kind(config), LayerConfig::flatten()];
                check_by_differences(on(&[5, 6, 2], layers), Mode::Train);
            }
        }
    }
    let layers = |layout| {
        let pool = LayerConfig::GlobalAveragePool(GlobalAveragePoolConfig { layout });
        vec![LayerConfig::dense(4, Activation::Tanh), pool, LayerConfig::dense(2, Activation::Identity)]
    };
    for layout in [ImageLayout::ChannelsLast, ImageLayout::ChannelsFirst] {
        check_by_differences(on(&[3, 2, 4], layers(layout)), Mode::Train);
        check_by_differences(on(&[3, 4], layers(layout)), Mode::Train);
    }
}

#[test]
fn hessian_products_go_through_averages() {
    let layers = vec![
        LayerConfig::conv2d(3, 2, Activation::Tanh),
        LayerConfig::average_pool2d(2),
        LayerConfig::global_average_pool(),
        LayerConfig::dense(2, Activation::Identity),
    ];
    check_hessian_product(on(&[5, 6, 2], layers), &LossConfig::MeanSquaredError {}, Mode::Train);
}

#[test]
fn the_gradient_of_a_maximum_goes_to_the_first_of_equals_and_nan_is_seen() {
    let layers =
        vec![LayerConfig::dense(1, Activation::Identity), LayerConfig::max_pool2d(2), LayerConfig::flatten()];
    let mut network = on::<f64>(&[2, 2, 1], layers);
    network.parameters_mut().values_mut().copy_from_slice(&[1.0, 0.0]);
    let of = |x: [f64; 4]| pass(&network, &x, RowKeys::at_step(&[0], 0), Mode::Train);
    let dy: f64 = numbers(1, 7.1)[0];
    // The gradient of the weight is that of the output times the input it went to; of the bias, the output's.
    assert_eq!(of([2.0, 5.0, 5.0, 5.0]), (vec![5.0], vec![5.0 * dy, dy]));
    assert_eq!(of([-3.0, -7.0, -3.0, -4.0]), (vec![-3.0], vec![-3.0 * dy, dy]));
    assert!(of([1.0, f64::NAN, 7.0, 2.0]).0[0].is_nan());
    assert!(of([f64::NAN, 1.0, 7.0, 2.0]).0[0].is_nan());
}

#[test]
fn lengths_leave_padding_out_of_the_mean() {
    let network = on::<f64>(&[4, 2], vec![LayerConfig::global_average_pool()]);
    let x: Vec<f64> = (0..16).map(f64::from).collect();
    let lengths = [3, 0];
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::NONE };
    assert_eq!(output(&network, &x, keys, Mode::Inference), [2.0, 3.0, 0.0, 0.0]);
    let trained = on::<f64>(
        &[4, 2],
        vec![LayerConfig::dense(2, Activation::Identity), LayerConfig::global_average_pool()],
    );
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&[0, 1], 0) };
    let (_, gradients) = pass(&trained, &x, keys, Mode::Train);
    let dy: Vec<f64> = numbers(4, 7.1);
    assert!((gradients[4] - dy[0]).abs() < 1e-15 && (gradients[5] - dy[1]).abs() < 1e-15, "{gradients:?}");
}

#[test]
fn channels_first_are_the_same_numbers_elsewhere() {
    for kind in [LayerConfig::MaxPool2d, LayerConfig::AveragePool2d] {
        let layer =
            |layout| vec![kind(Pool2dConfig { layout, ..Pool2dConfig::new(2) }), LayerConfig::flatten()];
        let last = on::<f32>(&[4, 6, 3], layer(ImageLayout::ChannelsLast));
        let first = on::<f32>(&[3, 4, 6], layer(ImageLayout::ChannelsFirst));
        let x: Vec<f32> = numbers(2 * 72, 0.0);
        let y = output(&last, &x, RowKeys::NONE, Mode::Inference);
        let turned = output(&first, &channels_first(&x, 24, 3), RowKeys::NONE, Mode::Inference);
        assert_eq!(turned, channels_first(&y, 6, 3));
    }
}

#[test]
fn what_does_not_fit_names_the_layer_and_the_shapes() {
    let refuse = |shape: &[usize], layer: LayerConfig, needles: &[&str]| {
        let layers = vec![layer, LayerConfig::flatten()];
        let error = Network::<f32>::new(&ModelConfig::new(shape, Output::Identity, 1, layers)).unwrap_err();
        for needle in needles {
            assert!(error.to_string().contains(needle), "{error}");
        }
    };
    refuse(&[6, 3], LayerConfig::max_pool2d(2), &["(maxPool2d)", "[6, 3]", "[height, width, channels]"]);
    refuse(&[6, 3, 1], LayerConfig::average_pool2d(4), &["(averagePool2d)", "[6, 3, 1]", "spans 4"]);
    refuse(&[6, 3, 1], LayerConfig::max_pool2d([0, 1]), &["`size`"]);
    let padded = Pool2dConfig { padding: Padding::Amount(2.into()), ..Pool2dConfig::new(3) };
    refuse(&[6, 6, 1], LayerConfig::MaxPool2d(padded), &["`padding` must be at most half of `size`"]);
    refuse(&[6], LayerConfig::global_average_pool(), &["(globalAveragePool)", "[6]"]);
}

//! Convolutions against their definition, differences, and themselves.

use super::tangents::check_hessian_product;
use super::*;
use crate::nn::{Conv1dConfig, Conv2dConfig, ImageLayout, LossConfig, Padding, Pair};

/// A network on rows of any shape.
pub(super) fn on<T: Scalar>(shape: &[usize], layers: Vec<LayerConfig>) -> Network<T> {
    let mut network = Network::new(&ModelConfig::new(shape, Output::Identity, 11, layers)).unwrap();
    for entry in network.parameters().entries().to_vec() {
        if !entry.name.ends_with("weight") {
            let values = numbers(entry.range.len(), 0.3);
            network.parameters_mut().values_mut()[entry.range.clone()].copy_from_slice(&values);
        }
    }
    network
}

fn conv(filters: usize, kernel: impl Into<Pair>, change: impl FnOnce(&mut Conv2dConfig)) -> LayerConfig {
    let mut config = Conv2dConfig::new(filters, kernel, Activation::Identity);
    change(&mut config);
    LayerConfig::Conv2d(config)
}

/// y[oy, ox, f] = b[f] + sum of w[f, c, ky, kx] x[oy s + ky d - p, ox s + kx d - p, c], as it is written.
fn naive(
    config: &Conv2dConfig,
    [height, width, channels]: [usize; 3],
    parameters: &[f64],
    x: &[f64],
) -> Vec<f64> {
    let shape =
        LayerConfig::Conv2d(config.clone()).output_shape(&Shape::new([height, width, channels])).unwrap();
    let &[rows, columns, filters] = shape.extents() else { panic!("an image") };
    let (Pair([kh, kw]), Pair(stride), Pair(dilation)) = (config.kernel_size, config.stride, config.dilation);
    let padding = |axis: usize, input: usize, output: usize, kernel: usize| match config.padding {
        Padding::Valid => 0,
        Padding::Amount(Pair(amount)) => amount[axis],
        Padding::Same => {
            ((output - 1) * stride[axis] + (kernel - 1) * dilation[axis] + 1).saturating_sub(input) / 2
        }
    };
    let before = [padding(0, height, rows, kh), padding(1, width, columns, kw)];
    let (each, of_group) = (channels / config.groups, filters / config.groups);
    let bias = filters * each * kh * kw;
    let mut y = vec![0.0; rows * columns * filters];
    for (index, y) in y.iter_mut().enumerate() {
        let (oy, ox, f) = (index / filters / columns, index / filters % columns, index % filters);
        *y = if config.bias { parameters[bias + f] } else { 0.0 };
        for c in 0..each {
            for ky in 0..kh {
                for kx in 0..kw {
                    let iy = (oy * stride[0] + ky * dilation[0]).wrapping_sub(before[0]);
                    let ix = (ox * stride[1] + kx * dilation[1]).wrapping_sub(before[1]);
                    if iy < height && ix < width {
                        let weight = parameters[((f * each + c) * kh + ky) * kw + kx];
                        *y += weight * x[(iy * width + ix) * channels + f / of_group * each + c];
                    }
                }
            }
        }
    }
    y
}

/// Odd sizes, axes of 1, strides past the kernel, groups, one channel, many channels, even kernels, padding past it.
fn variants() -> Vec<([usize; 3], Conv2dConfig)> {
    let mut variants = Vec::new();
    for shape in [[7, 9, 4], [1, 8, 2], [5, 1, 6], [12, 13, 1], [4, 20, 2]] {
        for kernel in [[1, 1], [3, 3], [2, 4], [1, 3], [5, 2]] {
            for (stride, dilation) in
                [([1, 1], [1, 1]), ([2, 1], [1, 2]), ([4, 3], [1, 1]), ([9, 30], [2, 2])]
            {
                for padding in [
                    Padding::Valid,
                    Padding::Same,
                    Padding::Amount(Pair([1, 2])),
                    Padding::Amount(Pair([6, 0])),
                ] {
                    for (groups, filters) in
                        [(1, 3), (2, 10), (shape[2], 2 * shape[2]), (shape[2], shape[2]), (1, 18)]
                    {
                        let mut config = Conv2dConfig::new(filters, kernel, Activation::Identity);
                        (config.stride, config.dilation, config.padding) =
                            (Pair(stride), Pair(dilation), padding);
                        (config.groups, config.bias) = (groups, stride[0] != 2);
                        let layer = LayerConfig::Conv2d(config.clone());
                        if layer.output_shape(&Shape::new(shape)).is_ok() {
                            variants.push((shape, config));
                        }
                    }
                }
            }
        }
    }
    variants
}

#[test]
fn outputs_agree_with_the_definition() {
    let variants = variants();
    assert!(variants.len() > 500, "{}", variants.len());
    for (shape, config) in variants {
        let network = on::<f64>(&shape, vec![LayerConfig::Conv2d(config.clone()), LayerConfig::flatten()]);
        let width = shape.iter().product();
        let x = numbers(2 * width, 0.0);
        let y = output(&network, &x, RowKeys::NONE, Mode::Inference);
        let wanted = x.chunks(width).flat_map(|x| naive(&config, shape, network.parameters().values(), x));
        for (got, wanted) in y.iter().zip(wanted) {
            assert!((got - wanted).abs() < 1e-12, "{shape:?} {config:?}: {got} instead of {wanted}");
        }
    }
}

/// A convolution is linear in its input, its weights and its bias: each gradient is the definition's own derivative.
#[test]
fn gradients_agree_with_the_definition() {
    for (shape, config) in variants().into_iter().step_by(3) {
        let width: usize = shape.iter().product();
        let network = on::<f64>(&shape, vec![LayerConfig::Conv2d(config.clone()), LayerConfig::flatten()]);
        let x = numbers(2 * width, 0.0);
        let (y, gradients) = pass(&network, &x, RowKeys::at_step(&[1, 2], 0), Mode::Train);
        let dy: Vec<f64> = numbers(y.len(), 7.1);
        let parameters = network.parameters().values();
        for index in (0..parameters.len()).step_by(5).chain([parameters.len() - 1]) {
            let mut unit = vec![0.0; parameters.len()];
            unit[index] = 1.0;
            let of = |x| naive(&config, shape, &unit, x);
            let wanted: f64 = x.chunks(width).flat_map(of).zip(&dy).map(|(y, dy)| y * dy).sum();
            let got = gradients[index];
            assert!((got - wanted).abs() < 1e-11, "{shape:?} {config:?}, {index}: {got} instead of {wanted}");
        }
    }
}

/// Layers before and after, so that gradients go through them to inputs, with every fusion.
fn network_around(layer: LayerConfig) -> Vec<LayerConfig> {
    vec![
        conv(4, 1, |conv| conv.activation = Activation::Tanh),
        layer,
        LayerConfig::activation(Activation::Silu),
        LayerConfig::dropout(0.3),
        LayerConfig::flatten(),
        LayerConfig::dense(3, Activation::Identity),
    ]
}

#[test]
fn gradients_agree_with_differences_and_hessian_products_are_exact() {
    let layers = [
        conv(3, 3, |_| {}),
        conv(6, [2, 3], |conv| (conv.groups, conv.padding) = (2, Padding::Same)),
        conv(4, 3, |conv| (conv.groups, conv.stride) = (4, Pair([2, 1]))),
        conv(2, 2, |conv| (conv.stride, conv.padding) = (3.into(), Padding::Amount(2.into()))),
        conv(3, 2, |conv| (conv.dilation, conv.bias) = (Pair([1, 2]), false)),
        conv(2, 2, |conv| (conv.stride, conv.padding) = (7.into(), Padding::Amount(1.into()))),
    ];
    for layer in layers {
        for mode in [Mode::Train, Mode::Inference] {
            check_by_differences(on(&[4, 5, 2], network_around(layer.clone())), mode);
            check_hessian_product(
                on(&[4, 5, 2], network_around(layer.clone())),
                &LossConfig::MeanSquaredError {},
                mode,
            );
        }
    }
    let sequence = vec![
        LayerConfig::conv1d(4, 3, Activation::Tanh),
        LayerConfig::conv1d(2, 2, Activation::Gelu),
        LayerConfig::dropout(0.2),
        LayerConfig::flatten(),
        LayerConfig::dense(2, Activation::Identity),
    ];
    check_by_differences(on(&[9, 2], sequence), Mode::Train);
}

/// `[height, width, channels]` to `[channels, height, width]`, row by row.
pub(super) fn channels_first<T: Copy>(x: &[T], positions: usize, channels: usize) -> Vec<T> {
    let at = |row: usize, c: usize, p: usize| x[row * positions * channels + p * channels + c];
    let rows = x.len() / positions / channels;
    (0..rows)
        .flat_map(|row| (0..channels).flat_map(move |c| (0..positions).map(move |p| (row, c, p))))
        .map(|(row, c, p)| at(row, c, p))
        .collect()
}

#[test]
fn channels_first_are_the_same_numbers_elsewhere() {
    let layers = |layout: ImageLayout| {
        let conv = |filters| {
            conv(filters, 3, |conv| {
                (conv.padding, conv.activation, conv.layout) = (Padding::Same, Activation::Tanh, layout);
            })
        };
        vec![conv(5), conv(3), LayerConfig::activation(Activation::Silu), conv(2), LayerConfig::flatten()]
    };
    let last = on::<f64>(&[4, 6, 3], layers(ImageLayout::ChannelsLast));
    let first = on::<f64>(&[3, 4, 6], layers(ImageLayout::ChannelsFirst));
    // To the first layer and from the last one, around the activation, and not between the first two.
    assert_eq!(first.training.layers.len(), last.training.layers.len() + 4);
    let x = numbers(2 * 72, 0.0);
    let y = output(&last, &x, RowKeys::NONE, Mode::Inference);
    let turned = output(&first, &channels_first(&x, 24, 3), RowKeys::NONE, Mode::Inference);
    assert_eq!(turned, channels_first(&y, 24, 2));
    check_by_differences(first, Mode::Train);
}

#[test]
fn blocks_with_channels_first_have_right_gradients() {
    let first =
        || conv(3, 3, |conv| (conv.padding, conv.layout) = (Padding::Same, ImageLayout::ChannelsFirst));
    let layers = vec![
        first(),
        LayerConfig::residual(vec![first(), LayerConfig::activation(Activation::Tanh), first()]),
        first(),
        LayerConfig::flatten(),
    ];
    check_by_differences(on(&[3, 4, 5], layers), Mode::Train);
}

#[test]
fn bits_depend_neither_on_threads_nor_on_the_rest_of_the_batch() {
    let layers = vec![
        conv(16, 3, |conv| conv.activation = Activation::Relu),
        LayerConfig::dropout(0.4),
        conv(24, 3, |conv| (conv.padding, conv.stride) = (Padding::Same, 2.into())),
        conv(24, 3, |conv| (conv.padding, conv.groups) = (Padding::Same, 24)),
        LayerConfig::flatten(),
    ];
    let network = on::<f32>(&[20, 20, 3], layers);
    let rows = 37;
    let x: Vec<f32> = numbers(rows * 1200, 0.0);
    let ids: Vec<u32> = (0..rows as u32).map(|id| id * 7).collect();
    let run = |threads| {
        let work = || pass(&network, &x, RowKeys::at_step(&ids, 3), Mode::Train);
        let (y, gradients) = parallel::install(threads, work).unwrap();
        (bits(&y), bits(&gradients))
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
    let width = network.output_width();
    for row in [0, 5, 36] {
        let keys = RowKeys::at_step(&ids[row..=row], 3);
        let y = output(&network, &x[row * 1200..(row + 1) * 1200], keys, Mode::Train);
        assert_eq!(bits(&y), one.0[row * width..(row + 1) * width]);
    }
}

#[test]
fn fused_convolutions_equal_layers_run_one_by_one() {
    let layers = vec![
        conv(6, 3, |conv| conv.activation = Activation::Gelu),
        LayerConfig::dropout(0.4),
        conv(3, 2, |conv| conv.bias = false),
        LayerConfig::activation(Activation::Relu),
        LayerConfig::dropout(0.2),
        LayerConfig::flatten(),
    ];
    let fused = on::<f32>(&[6, 7, 2], layers);
    assert_eq!(fused.training.layers.len(), 2);
    let mut single = fused.clone();
    let places = Places::new(&fused.parameters, &fused.buffers);
    let program =
        Program::compile(&single.config.layers, &single.shapes[0], places, Fusion::Nothing).unwrap();
    single.training = Arc::new(program);
    let (x, keys) = (numbers(5 * 84, 0.0), RowKeys::at_step(&IDS, 2));
    let ((y, gradients), (y2, gradients2)) =
        (pass(&fused, &x, keys, Mode::Train), pass(&single, &x, keys, Mode::Train));
    assert_eq!(bits(&y), bits(&y2));
    assert_eq!(bits(&gradients), bits(&gradients2));
    assert_eq!(bits(&y), bits(&output(&fused, &x, keys, Mode::Train)));
}

#[test]
fn steps_past_the_length_of_a_row_do_not_count() {
    let mut config = Conv1dConfig::new(4, 3, Activation::Tanh);
    config.padding = Padding::Same;
    let layers = vec![
        LayerConfig::Conv1d(config.clone()),
        LayerConfig::Conv1d(config),
        LayerConfig::global_average_pool(),
    ];
    let network = on::<f64>(&[8, 3], layers.clone());
    let short = on::<f64>(&[5, 3], layers);
    let x: Vec<f64> = numbers(8 * 3, 0.0);
    let lengths = [5];
    let keys = |lengths| RowKeys { lengths, ..RowKeys::at_step(&[1], 0) };
    let (y, gradients) = pass(&network, &x, keys(Some(&lengths)), Mode::Train);
    let (y2, gradients2) = pass(&short, &x[..15], keys(None), Mode::Train);
    assert_eq!((y, gradients), (y2, gradients2));
    let mut other = x.clone();
    other[15..].fill(f64::NAN);
    assert!(pass(&network, &other, keys(Some(&lengths)), Mode::Train).0.iter().all(|y| y.is_finite()));
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
    refuse(&[784], conv(2, 3, |_| {}), &["layers[0] (conv2d)", "[784]", "[height, width, channels]"]);
    refuse(
        &[4, 9, 1],
        conv(2, 5, |_| {}),
        &["(conv2d)", "[4, 9, 1]", "along the height its kernel spans 5", "has only 4"],
    );
    refuse(&[9, 4, 1], conv(2, 3, |conv| conv.dilation = 2.into()), &["along the width its kernel spans 5"]);
    refuse(&[4, 4, 3], conv(4, 1, |conv| conv.groups = 2), &["[4, 4, 3]", "3 channels", "2 groups"]);
    refuse(
        &[4, 4, 2],
        conv(3, 1, |conv| conv.groups = 2),
        &["`filters` must be divisible by `groups`; got 3 and 2"],
    );
    refuse(&[4, 4, 2], conv(0, 1, |_| {}), &["`filters` must be at least 1"]);
    refuse(&[4, 4, 2], conv(2, [1, 0], |_| {}), &["`kernelSize`"]);
    refuse(&[4, 4, 2], conv(2, 1, |conv| conv.stride = 0.into()), &["`stride`"]);
    refuse(&[4, 4, 2], conv(2, 1, |conv| conv.groups = 0), &["`groups`"]);
    refuse(&[4, 4, 2], conv(2, 1, |conv| conv.padding = Padding::Amount(usize::MAX.into())), &["too large"]);
    refuse(&[4, 4, 2], LayerConfig::conv1d(2, 3, Activation::Relu), &["(conv1d)", "[time, channels]"]);
    refuse(&[2, 4], LayerConfig::conv1d(2, 3, Activation::Relu), &["[2, 4]", "along the time", "spans 3"]);
}

#[test]
fn configurations_are_read_and_written() {
    let text = r#"{"input":[8,8,3],"output":"identity","seed":"1","layers":[
        {"type":"conv2d","filters":4,"kernelSize":[3,5],"padding":"same","stride":2,"layout":"NHWC"},
        {"type":"conv2d","filters":4,"kernelSize":1,"padding":[1,2]},
        {"type":"conv2d","filters":4,"kernelSize":1,"padding":"valid"},
        {"type":"flatten"}]}"#;
    let config = ModelConfig::from_json(text).unwrap();
    let LayerConfig::Conv2d(first) = &config.layers[0] else { panic!("a convolution") };
    assert_eq!((first.kernel_size, first.padding, first.stride), (Pair([3, 5]), Padding::Same, Pair([2, 2])));
    let LayerConfig::Conv2d(second) = &config.layers[1] else { panic!("a convolution") };
    assert_eq!(second.padding, Padding::Amount(Pair([1, 2])));
    assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
    let network = Network::<f32>::new(&config).unwrap();
    assert_eq!(network.shapes()[1].extents(), [4, 4, 4]);
    assert_eq!(network.parameters().entries()[0].shape, [4, 3, 3, 5]);
}

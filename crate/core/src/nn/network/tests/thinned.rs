//! Shared masks take the units they drop out of the products, and nothing else changes.

use super::tangents::check_hessian_product;
use super::*;
use crate::nn::LossConfig;

fn shared_dropout(rate: f64, scaling: Scaling) -> LayerConfig {
    LayerConfig::Dropout(DropoutConfig { rate, scaling, share: Share::Batch, site: None })
}

/// Units left out of the input alone, of the output alone, of both; and a mask of each row's own in between.
fn layers(activation: Activation) -> Vec<LayerConfig> {
    vec![
        LayerConfig::dense(9, activation),
        shared_dropout(0.5, Scaling::Inverted),
        LayerConfig::dense(8, activation),
        shared_dropout(0.3, Scaling::Standard),
        LayerConfig::dense(7, Activation::Tanh),
        LayerConfig::dropout(0.2),
        LayerConfig::dense(6, activation),
        shared_dropout(0.4, Scaling::Inverted),
        LayerConfig::dense(3, Activation::Identity),
    ]
}

/// The same network with one operation for each layer, where no layer knows of its neighbours.
fn one_by_one<T: Scalar>(network: &Network<T>) -> Network<T> {
    let mut single = network.clone();
    let places = Places::new(&single.parameters, &single.buffers);
    let program = Program::compile(&single.config.layers, &single.shapes[0], places, Fusion::Nothing);
    single.training = Arc::new(program.unwrap());
    single
}

fn check_close(got: &[f64], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len());
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((got - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{got} instead of {wanted}");
        assert_eq!(*got == 0.0, *wanted == 0.0, "{got} instead of {wanted}");
    }
}

#[test]
fn thinned_layers_equal_layers_that_drop_units_one_by_one() {
    for activation in Activation::ALL {
        let network = network::<f64>(4, layers(activation));
        let single = one_by_one(&network);
        let x = numbers(IDS.len() * 4, 0.0);
        for step in 0..20 {
            let keys = RowKeys::at_step(&IDS, step);
            let ((y, gradients), (y2, gradients2)) =
                (pass(&network, &x, keys, Mode::Train), pass(&single, &x, keys, Mode::Train));
            check_close(&y, &y2);
            check_close(&gradients, &gradients2);
            check_close(&output(&network, &x, keys, Mode::Train), &y2);
        }
        assert_eq!(
            output(&network, &x, RowKeys::NONE, Mode::Inference),
            output(&single, &x, RowKeys::NONE, Mode::Inference)
        );
    }
}

#[test]
fn gradients_and_hessian_products_agree_with_differences() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::Silu] {
        check_by_differences(network(4, layers(activation)), Mode::Train);
    }
    let network = network(4, layers(Activation::Softplus));
    check_hessian_product(network, &LossConfig::MeanSquaredError {}, Mode::Train);
}

#[test]
fn monte_carlo_passes_are_thinned_one_by_one() {
    let network = network::<f64>(4, layers(Activation::Relu));
    let single = one_by_one(&network);
    let x = numbers(IDS.len() * 4, 0.0);
    // Rows of one pass, and of two in one batch, which do not share a mask.
    for steps in [[7; 5], [7, 7, 7, 8, 8]] {
        let steps = Steps::PerRow(&steps);
        let keys = RowKeys { ids: &IDS, steps, seed: Some(5), lengths: None, shared: false };
        let (y, gradients) = pass(&network, &x, keys, Mode::MonteCarlo);
        let (y2, gradients2) = pass(&single, &x, keys, Mode::MonteCarlo);
        check_close(&y, &y2);
        check_close(&gradients, &gradients2);
    }
}

/// The weights of a unit that is dropped, and those that read it, are not touched.
#[test]
fn what_is_dropped_is_not_read() {
    let layers = vec![
        LayerConfig::dense(200, Activation::Relu),
        shared_dropout(0.5, Scaling::Inverted),
        LayerConfig::dense(3, Activation::Identity),
    ];
    let mut network = network::<f32>(4, layers);
    let address = Address { seed: 11, domain: Domain::Train, shared: true, step: 6, ..Address::default() };
    let rate = crate::stream::Rate::new(0.5).unwrap();
    let dropped: Vec<usize> = (0..200).filter(|&unit| !keep_lane(&address, unit as u64, rate)).collect();
    assert!((60..140).contains(&dropped.len()));
    let entries: Vec<_> = network.parameters().entries().iter().map(|entry| entry.range.clone()).collect();
    let (first, second) = (entries[0].start, entries[2].start);
    let values = network.parameters_mut().values_mut();
    for unit in &dropped {
        values[first + 4 * unit..][..4].fill(f32::NAN);
        (0..3).for_each(|output| values[second + 200 * output + unit] = f32::NAN);
    }
    let x = numbers(IDS.len() * 4, 0.0);
    let (y, gradients) = pass(&network, &x, RowKeys::at_step(&IDS, 6), Mode::Train);
    assert!(y.iter().chain(&gradients).all(|value| value.is_finite()));
    for unit in &dropped {
        assert_eq!(gradients[first + 4 * unit..][..4], [0.0; 4]);
        (0..3).for_each(|output| assert_eq!(gradients[second + 200 * output + unit], 0.0));
    }
    let (y, _) = pass(&network, &x, RowKeys::at_step(&IDS, 7), Mode::Train);
    assert!(y.iter().any(|value| value.is_nan()), "another step keeps other units");
}

#[test]
fn bits_do_not_depend_on_threads() {
    let layers = vec![
        LayerConfig::dense(700, Activation::Gelu),
        shared_dropout(0.5, Scaling::Inverted),
        LayerConfig::dense(600, Activation::Relu),
        shared_dropout(0.5, Scaling::Inverted),
        LayerConfig::dense(10, Activation::Identity),
    ];
    let network = network::<f32>(90, layers);
    let x = numbers(200 * 90, 0.0);
    let ids: Vec<u32> = (0..200).collect();
    let run = |threads| {
        parallel::install(threads, || pass(&network, &x, RowKeys::at_step(&ids, 1), Mode::Train)).unwrap()
    };
    let (y, gradients) = run(1);
    for threads in [2, 3] {
        let (y2, gradients2) = run(threads);
        assert_eq!((bits(&y), bits(&gradients)), (bits(&y2), bits(&gradients2)), "{threads} threads");
    }
}

#[test]
fn layers_of_any_width_are_thinned_or_left_alone() {
    for units in [1, 2, 63, 64, 65, 127, 128, 129, 1 << 14, (1 << 14) + 1] {
        let layers = vec![
            LayerConfig::dense(units, Activation::Tanh),
            shared_dropout(0.9, Scaling::Inverted),
            LayerConfig::dense(2, Activation::Identity),
        ];
        let network = network::<f64>(3, layers);
        let single = one_by_one(&network);
        let x = numbers(IDS.len() * 3, 0.0);
        for step in 0..4 {
            let keys = RowKeys::at_step(&IDS, step);
            let (got, wanted) = (pass(&network, &x, keys, Mode::Train), pass(&single, &x, keys, Mode::Train));
            check_close(&got.0, &wanted.0);
            check_close(&got.1, &wanted.1);
        }
    }
}

//! Spatial dropout and DropBlock: masks of the stream, whatever the batch.

use super::convolution::on;
use super::tangents::check_hessian_product;
use super::*;
use crate::mask::{BlockScale, Structure, Structured};
use crate::nn::{BlockSize, DropBlockConfig, ImageLayout, LossConfig, SpatialDropoutConfig};
use crate::ops::dropout_structured;

fn spatial(rate: f64, change: impl FnOnce(&mut SpatialDropoutConfig)) -> LayerConfig {
    let mut config = SpatialDropoutConfig::new(rate);
    change(&mut config);
    LayerConfig::SpatialDropout(config)
}

fn block(rate: f64, size: usize, change: impl FnOnce(&mut DropBlockConfig)) -> LayerConfig {
    let mut config = DropBlockConfig::new(rate, size);
    change(&mut config);
    LayerConfig::DropBlock(config)
}

/// Each layer, with the shape of its rows: one to three axes of positions, channels on either side.
fn layers() -> Vec<(Vec<usize>, LayerConfig)> {
    let first = ImageLayout::ChannelsFirst;
    vec![
        (vec![6, 70], spatial(0.4, |_| {})),
        (vec![5, 6, 9], spatial(0.4, |_| {})),
        (vec![9, 5, 6], spatial(0.4, |config| config.layout = first)),
        (vec![20, 3], block(0.3, 4, |_| {})),
        (vec![7, 8, 3], block(0.3, 3, |_| {})),
        (vec![3, 7, 8], block(0.3, 3, |config| config.layout = first)),
        (
            vec![7, 8, 3],
            block(0.3, 1, |config| {
                (config.block_size, config.scale) = (BlockSize::Each(vec![3, 2]), BlockScale::Position);
            }),
        ),
        (vec![7, 8, 3], block(0.3, 3, |config| config.share_channels = true)),
        (vec![4, 5, 6, 2], block(0.3, 2, |_| {})),
    ]
}

/// The mask of a layer as the library's own kernels draw it.
fn structure(layer: &LayerConfig, shape: &Shape) -> Structure {
    match layer {
        LayerConfig::SpatialDropout(config) => {
            let rates = crate::mask::Rates::One(Rate::new(config.rate).unwrap());
            Structure::Broadcast { rates, shape: config.broadcast(shape).unwrap() }
        }
        LayerConfig::DropBlock(config) => Structure::Block(config.block(shape).unwrap()),
        _ => unreachable!(),
    }
}

#[test]
fn masks_are_those_of_the_stream_whatever_the_batch() {
    for (shape, layer) in layers() {
        let network = on::<f32>(&shape, vec![layer.clone(), LayerConfig::flatten()]);
        let width = network.input_width();
        let x: Vec<f32> = numbers(IDS.len() * width, 0.0);
        let steps = [4, 4, 5, 4, 7];
        let keys =
            RowKeys { ids: &IDS, steps: Steps::PerRow(&steps), seed: None, lengths: None, shared: false };
        for (mode, domain) in [(Mode::Train, Domain::Train), (Mode::MonteCarlo, Domain::MonteCarlo)] {
            let y = output(&network, &x, keys, mode);
            let mut dropped = 0;
            for (row, (&sample, &step)) in IDS.iter().zip(&steps).enumerate() {
                let address = Address { seed: 11, domain, step, ..Address::default() };
                let mask = Structured { address, structure: structure(&layer, &Shape::new(shape.clone())) };
                let (x, y) = (&x[row * width..][..width], &y[row * width..][..width]);
                let mut wanted = vec![0.0; width];
                dropout_structured(&mask, Scaling::Inverted, &[sample], x, &mut wanted).unwrap();
                assert_eq!(bits(y), bits(&wanted), "{layer:?}, row {row}");
                dropped += y.iter().filter(|y| **y == 0.0).count();
                let alone = output(&network, x, RowKeys::at_step(&[sample], step), mode);
                assert_eq!(bits(&alone), bits(y), "{layer:?}, row {row}");
            }
            assert!((1..x.len()).contains(&dropped), "{layer:?}");
        }
        assert_eq!(bits(&output(&network, &x, RowKeys::NONE, Mode::Inference)), bits(&x));
    }
}

#[test]
fn whole_channels_drop() {
    let network = on::<f64>(&[5, 6, 9], vec![spatial(0.5, |_| {}), LayerConfig::flatten()]);
    let y = output(&network, &[1.0; 5 * 270], RowKeys::at_step(&IDS, 0), Mode::Train);
    for row in y.chunks(270) {
        for (index, y) in row.iter().enumerate() {
            assert!(*y == row[index % 9] && (*y == 0.0 || *y == 2.0));
        }
    }
}

#[test]
fn gradients_agree_with_differences_and_hessian_products_are_exact() {
    for (shape, layer) in layers().into_iter().filter(|(shape, _)| shape.iter().product::<usize>() < 200) {
        let last = shape[shape.len() - 1];
        let layers = vec![
            LayerConfig::dense(last, Activation::Tanh),
            layer,
            LayerConfig::dense(2, Activation::Silu),
            LayerConfig::flatten(),
        ];
        for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
            check_by_differences(on(&shape, layers.clone()), mode);
        }
        check_hessian_product(on(&shape, layers), &LossConfig::MeanSquaredError {}, Mode::Train);
    }
}

#[test]
fn a_batch_may_share_a_mask() {
    for layer in [
        spatial(0.5, |config| config.share = Share::Batch),
        block(0.3, 3, |config| config.share = Share::Batch),
    ] {
        let network = on::<f32>(&[6, 6, 8], vec![layer, LayerConfig::flatten()]);
        let of = |step| output(&network, &[1.0; 5 * 288], RowKeys::at_step(&IDS, step), Mode::Train);
        let y = of(3);
        assert!(y.chunks(288).all(|row| row == &y[..288]) && y.contains(&0.0));
        assert_ne!(y, of(4));
        let steps = [3, 4, 3, 4, 4];
        let keys =
            RowKeys { ids: &IDS, steps: Steps::PerRow(&steps), seed: None, lengths: None, shared: false };
        let mixed = output(&network, &[1.0; 5 * 288], keys, Mode::Train);
        for (row, step) in mixed.chunks(288).zip(steps) {
            assert_eq!(row, &of(step)[..288]);
        }
    }
}

#[test]
fn extreme_rates_and_changes_of_rates() {
    for (at, layer) in [spatial(0.5, |_| {}), block(0.5, 2, |_| {})].into_iter().enumerate() {
        let mut network = on::<f32>(&[4, 4, 3], vec![layer, LayerConfig::flatten()]);
        let x: Vec<f32> = numbers(5 * 48, 0.0);
        let keys = RowKeys::at_step(&IDS, 0);
        network.set_rates(&[(0.into(), 0.0)]).unwrap();
        assert_eq!(output(&network, &x, keys, Mode::Train), x, "{at}");
        network.set_rates(&[(0.into(), 1.0)]).unwrap();
        let infinite = vec![f32::INFINITY; x.len()];
        assert!(output(&network, &infinite, keys, Mode::Train).iter().all(|y| y.to_bits() == 0), "{at}");
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let layers = vec![spatial(0.2, |_| {}), block(0.2, 5, |_| {}), LayerConfig::flatten()];
    let network = on::<f32>(&[30, 30, 16], layers);
    let x: Vec<f32> = numbers(37 * 14400, 0.0);
    let ids: Vec<u32> = (0..37).collect();
    let run = |threads| {
        let work = || output(&network, &x, RowKeys::at_step(&ids, 0), Mode::Train);
        bits(&parallel::install(threads, work).unwrap())
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
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
    refuse(&[9], spatial(0.5, |_| {}), &["(spatialDropout)", "[9]"]);
    refuse(&[9], block(0.5, 1, |_| {}), &["(dropBlock)", "[9]"]);
    refuse(&[4, 9, 2], block(0.5, 5, |_| {}), &["(dropBlock)", "[4, 9, 2]", "[5, 5]"]);
    refuse(&[4, 9, 2], block(0.5, 0, |_| {}), &["(dropBlock)", "[0, 0]"]);
    refuse(&[4, 9, 2], spatial(1.5, |_| {}), &["`layers[0].rate`"]);
    let text = r#"{"input":[8,8,3],"output":"identity","seed":"1","layers":[
        {"type":"spatialDropout","rate":0.5,"layout":"NCHW","share":"batch"},
        {"type":"dropBlock","rate":0.1,"blockSize":[3,2],"scale":"position","border":"clipped","rule":"paper"},
        {"type":"flatten"}]}"#;
    let config = ModelConfig::from_json(text).unwrap();
    assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
    Network::<f32>::new(&config).unwrap();
}

use super::*;
use crate::isa::Isa;
use crate::nn::{Mode, RowKeys};

const ROWS: usize = 70;

/// Results of a forward and a backward pass on the vectors of `isa`: y, dz, bias gradient.
fn run(isa: Isa, activation: Activation, rate: f64, width: usize) -> [Vec<u32>; 3] {
    let drop =
        Drop { rate: Rate::new(rate).unwrap(), scaling: Scaling::Inverted, site: 1, share: Share::None };
    let epilogue = Epilogue { activation, drop: Some(drop) };
    let ids: Vec<u32> = (0..ROWS as u32).collect();
    let keys = RowKeys::at_step(&ids, 5);
    let context = Context {
        isa,
        mode: Mode::Train,
        seed: 3,
        keys,
        rows: ROWS,
        keeps: true,
        parameters: &[],
        buffers: &[],
    };
    let numbers = |salt: f32| -> Vec<f32> {
        (0..ROWS * width).map(|i| ((i as f32 + salt) * 0.618_034).fract() * 8.0 - 4.0).collect()
    };
    let (mut y, mut dy, bias) = (numbers(0.0), numbers(0.5), numbers(0.7)[..width].to_vec());
    let mut kept = vec![0.0; ROWS * width];
    epilogue.forward(&context, Source::InPlace { bias: Some(&bias) }, width, &mut y, &mut kept);
    let mut bias_gradient = vec![0.0; width];
    let mut partials = vec![0.0; Epilogue::partials(ROWS, 1) * width];
    epilogue.backward(&context, None, width, &y, &kept, &mut dy, Some(&mut bias_gradient), &mut partials);
    [y, dy, bias_gradient].map(|values| values.into_iter().map(f32::to_bits).collect())
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for activation in Activation::ALL.into_iter().filter(|activation| *activation != Activation::Softmax) {
        for (rate, width) in [(0.0, 5), (0.5, 64), (0.3, 131), (0.1, 4500), (1.0, 9)] {
            let portable = run(Isa::Portable, activation, rate, width);
            for isa in Isa::available() {
                assert!(
                    run(isa, activation, rate, width) == portable,
                    "{activation:?}, rate {rate}, {width} units, {isa}"
                );
            }
        }
    }
}

#[test]
fn dropped_gradients_are_zero_whatever_arrives() {
    for activation in Activation::ALL.into_iter().filter(|activation| *activation != Activation::Softmax) {
        let drop =
            Drop { rate: Rate::new(0.5).unwrap(), scaling: Scaling::Inverted, site: 0, share: Share::None };
        let epilogue = Epilogue { activation, drop: Some(drop) };
        let context = Context {
            isa: Isa::active().unwrap(),
            mode: Mode::Train,
            seed: 1,
            keys: RowKeys::at_step(&[8], 0),
            rows: 1,
            keeps: true,
            parameters: &[],
            buffers: &[],
        };
        let (mut y, mut kept, mut dy) = (vec![1f32; 100], vec![0.0; 100], vec![f32::NAN; 100]);
        epilogue.forward(&context, Source::InPlace { bias: None }, 100, &mut y, &mut kept);
        epilogue.backward(&context, None, 100, &y, &kept, &mut dy, None, &mut []);
        let dropped = y.iter().filter(|y| **y == 0.0).count();
        assert!((30..70).contains(&dropped), "{activation:?} {dropped}");
        for (y, dy) in y.iter().zip(&dy) {
            assert!(if *y == 0.0 { dy.to_bits() == 0 } else { dy.is_nan() }, "{activation:?} {y} {dy}");
        }
    }
}

#[test]
fn standard_dropout_of_everything_gives_plus_zero_in_inference() {
    for activation in Activation::ALL.into_iter().filter(|activation| *activation != Activation::Softmax) {
        let drop =
            Drop { rate: Rate::new(1.0).unwrap(), scaling: Scaling::Standard, site: 0, share: Share::None };
        let epilogue = Epilogue { activation, drop: Some(drop) };
        let context = Context {
            isa: Isa::active().unwrap(),
            mode: Mode::Inference,
            seed: 1,
            keys: RowKeys::NONE,
            rows: 1,
            keeps: true,
            parameters: &[],
            buffers: &[],
        };
        let mut y = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -1.0, 0.0];
        let (mut kept, mut dy) = ([0.0; 5], [f32::NAN, f32::INFINITY, -1.0, 1.0, 0.0]);
        epilogue.forward(&context, Source::InPlace { bias: None }, 5, &mut y, &mut kept);
        epilogue.backward(&context, None, 5, &y, &kept, &mut dy, None, &mut []);
        assert_eq!((y.map(f32::to_bits), dy.map(f32::to_bits)), ([0; 5], [0; 5]), "{activation:?}");
    }
}

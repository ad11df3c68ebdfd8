//! Embeddings and positional encodings.

use super::recurrent::with_lengths;
use super::tangents::check_hessian_product_at;
use super::*;
use crate::nn::config::{Combine, Input};
use crate::nn::{EmbeddingConfig, LossConfig, LstmConfig, PositionalEncodingConfig};

const TIME: usize = 6;
const VOCABULARY: usize = 300;

fn embedding(dropout: f64) -> LayerConfig {
    LayerConfig::Embedding(EmbeddingConfig { dropout, ..EmbeddingConfig::new(VOCABULARY, 4) })
}

fn positions(learned: bool) -> LayerConfig {
    LayerConfig::PositionalEncoding(PositionalEncodingConfig { learned })
}

/// Ids of which some come twice in a row.
fn ids<T: Scalar>(rows: usize) -> Vec<T> {
    let id = |i: usize| [0, 299, 7, 130, 7][i * i % 5] + usize::from(i % 11 == 3);
    (0..rows * TIME).map(|i| T::from_f64((id(i) % VOCABULARY) as f64)).collect()
}

fn model<T: Scalar>(layers: Vec<LayerConfig>) -> Network<T> {
    Network::new(&ModelConfig::new([TIME], Output::Identity, 11, layers)).unwrap()
}

#[test]
fn words_drop_everywhere_in_a_row() {
    let network = model::<f64>(vec![embedding(0.4)]);
    let x = ids::<f64>(5);
    let table = network.parameters().get("layers.0.weight").unwrap();
    let mut dropped = 0;
    for (mode, domain) in [(Mode::Train, Domain::Train), (Mode::MonteCarlo, Domain::MonteCarlo)] {
        let y = output(&network, &x, RowKeys::at_step(&IDS, 9), mode);
        for (at, (x, y)) in x.iter().zip(y.chunks(4)).enumerate() {
            let address = Address { seed: 11, domain, step: 9, sample: IDS[at / TIME], ..Address::default() };
            let kept = keep_lane(&address, *x as u64, Rate::new(0.4).unwrap());
            dropped += usize::from(!kept);
            for (y, weight) in y.iter().zip(&table[*x as usize * 4..]) {
                let wanted = if kept { weight / 0.6 } else { 0.0 };
                assert!((y - wanted).abs() < 1e-14, "word {at}: {y} instead of {wanted}");
            }
        }
    }
    assert!((1..60).contains(&dropped));
    let y = output(&network, &x, RowKeys::NONE, Mode::Inference);
    assert!(x.iter().zip(y.chunks(4)).all(|(x, y)| y == &table[*x as usize * 4..][..4]));
}

#[test]
fn long_rows_are_drawn_in_pieces_alike() {
    let config = ModelConfig::new([150], Output::Identity, 11, vec![embedding(0.5)]);
    let network = Network::<f64>::new(&config).unwrap();
    let x: Vec<f64> = (0..300).map(|i| f64::from(i * 7 % 300)).collect();
    let table = network.parameters().get("layers.0.weight").unwrap();
    let y = output(&network, &x, RowKeys::at_step(&[3, 4], 1), Mode::Train);
    for (at, (x, y)) in x.iter().zip(y.chunks(4)).enumerate() {
        let sample = [3, 4][at / 150];
        let address = Address { seed: 11, domain: Domain::Train, step: 1, sample, ..Address::default() };
        let kept = keep_lane(&address, *x as u64, Rate::new(0.5).unwrap());
        assert_eq!(y[0], if kept { 2.0 * table[*x as usize * 4] } else { 0.0 });
    }
}

#[test]
fn gradients_and_hessian_products_agree_with_differences() {
    let x = ids::<f64>(IDS.len());
    let small = |dropout| LayerConfig::Embedding(EmbeddingConfig { dropout, ..EmbeddingConfig::new(9, 3) });
    let x: Vec<f64> = x.iter().map(|x| x % 9.0).collect();
    let keys = with_lengths(&[6, 1, 3, 0, 5], &IDS);
    for learned in [false, true] {
        let layers = vec![
            small(0.3),
            positions(learned),
            LayerConfig::dropout(0.2),
            LayerConfig::Lstm(LstmConfig { return_sequences: false, ..LstmConfig::new(4) }),
        ];
        for mode in [Mode::Train, Mode::Inference] {
            check_by_differences_at(model(layers.clone()), &x, keys, mode);
        }
        check_hessian_product_at(model(layers), &x, keys, &LossConfig::MeanSquaredError {}, Mode::Train);
    }
}

#[test]
fn sinusoids_are_those_of_the_paper() {
    let config = ModelConfig::new([3, 5], Output::Identity, 11, vec![positions(false)]);
    let network = Network::<f64>::new(&config).unwrap();
    let y = output(&network, &[0.5; 15], RowKeys::NONE, Mode::Inference);
    for t in 0..3 {
        for i in 0..5 {
            let wave = t as f64 / 10_000f64.powf((i / 2 * 2) as f64 / 5.0);
            let wanted = 0.5 + if i % 2 == 0 { wave.sin() } else { wave.cos() };
            assert!((y[t * 5 + i] - wanted).abs() < 1e-13);
        }
    }
}

#[test]
fn weights_start_standard_normal() {
    let config = ModelConfig::new(
        [1],
        Output::Identity,
        11,
        vec![LayerConfig::Embedding(EmbeddingConfig::new(1000, 50))],
    );
    let network = Network::<f32>::new(&config).unwrap();
    let weights = network.parameters().values();
    let moment = weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / 50_000.0;
    assert!((moment - 1.0).abs() < 4.0 * (2.0f64 / 50_000.0).sqrt(), "{moment}");
}

#[test]
fn what_is_no_id_is_refused_with_its_place() {
    let network = model::<f32>(vec![embedding(0.0)]);
    let mut workspace = network.workspace(2, Purpose::Inference).unwrap();
    for bad in [-1.0, 0.5, 300.0, f32::NAN, f32::INFINITY, 1e30] {
        let mut x = ids::<f32>(2);
        x[TIME + 2] = bad;
        let error = network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap_err();
        assert_eq!(error.code(), Code::Range);
        assert!(error.to_string().contains("row 1, column 2"), "{error}");
        assert!(error.to_string().contains("[0, 299]"), "{error}");
    }
    let mut x = ids::<f32>(2);
    x[0] = -0.0;
    network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap();
}

#[test]
fn ids_are_found_among_named_inputs_and_nowhere_else() {
    let inputs = [("age".to_owned(), vec![1]), ("words".to_owned(), vec![TIME])];
    let branch = |layers: &[LayerConfig]| layers.to_vec();
    let layers = vec![LayerConfig::parallel(
        Combine::Concatenate,
        vec![
            branch(&[LayerConfig::select("age")]),
            branch(&[LayerConfig::select("words"), embedding(0.0), LayerConfig::flatten()]),
        ],
    )];
    let config = ModelConfig::new(Input::Named(inputs.into_iter().collect()), Output::Identity, 1, layers);
    let network = Network::<f32>::new(&config).unwrap();
    let mut workspace = network.workspace(1, Purpose::Inference).unwrap();
    let mut x = vec![0.5];
    x.extend(ids::<f32>(1));
    network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap();
    x[3] = 0.5;
    let error = network.forward(&mut workspace, &x, RowKeys::NONE, Mode::Inference).unwrap_err();
    assert!(error.to_string().contains("column 3"), "{error}");

    let refuse = |layers, needle: &str| {
        let error = ModelConfig::new([TIME], Output::Identity, 1, layers).check().unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    };
    refuse(
        vec![LayerConfig::dense(TIME, Activation::Relu), embedding(0.0)],
        "layers[1] (embedding): has an embedding of",
    );
    refuse(vec![LayerConfig::residual(vec![LayerConfig::dropout(0.5)]), embedding(0.0)], "ids come straight");
    refuse(vec![LayerConfig::Embedding(EmbeddingConfig::new(1 << 25, 4))], "`vocabulary` must be");
    refuse(vec![embedding(0.0), LayerConfig::flatten(), positions(false)], "needs rows of [time, features]");
}

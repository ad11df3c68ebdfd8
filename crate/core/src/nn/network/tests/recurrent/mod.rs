//! Recurrent layers: against their equations, differences, themselves in other company.

mod naive;
mod theory;

use super::tangents::{check_hessian_product, check_hessian_product_at};
use super::*;
use crate::nn::config::{RecurrentOptions, RnnActivation};
use crate::nn::{GruConfig, LossConfig, LstmConfig, RnnConfig, SequenceDropout, ZoneoutConfig};
use naive::{Kind, Naive};

const TIME: usize = 5;
const INPUTS: usize = 3;
const LENGTHS: [u32; 5] = [5, 2, 4, 0, 1];

/// Which masks a layer has.
#[derive(Clone, Copy, Debug)]
enum Drops {
    Nothing,
    Step,
    Sequence,
    Zoneout,
}

const DROPS: [Drops; 4] = [Drops::Nothing, Drops::Step, Drops::Sequence, Drops::Zoneout];
const KINDS: [Kind; 4] = [Kind::Tanh, Kind::Relu, Kind::Lstm, Kind::Gru];

/// A layer of 4 units with its options.
fn layer(kind: Kind, drops: Drops, bidirectional: bool, sequences: bool) -> LayerConfig {
    let dropout = |rate| match drops {
        Drops::Nothing | Drops::Zoneout => None,
        Drops::Step => Some(SequenceDropout::step(rate)),
        Drops::Sequence => Some(SequenceDropout::sequence(rate)),
    };
    let zone = |rate| matches!(drops, Drops::Zoneout).then(|| ZoneoutConfig::new(rate));
    let [input_dropout, output_dropout, state_dropout, candidate_dropout] =
        [0.3, 0.2, 0.4, 0.25].map(dropout);
    macro_rules! config {
        ($config:ident $(, $field:ident: $value:expr)*) => {
            $config {
                return_sequences: sequences,
                bidirectional,
                input_dropout,
                output_dropout,
                state_dropout,
                zoneout: zone(0.3),
                $($field: $value,)*
                ..$config::new(4)
            }
        };
    }
    match kind {
        Kind::Tanh => LayerConfig::Rnn(config!(RnnConfig)),
        Kind::Relu => LayerConfig::Rnn(config!(RnnConfig, activation: RnnActivation::Relu)),
        Kind::Lstm => LayerConfig::Lstm(
            config!(LstmConfig, candidate_dropout: candidate_dropout, cell_zoneout: zone(0.45)),
        ),
        Kind::Gru => LayerConfig::Gru(config!(GruConfig, candidate_dropout: candidate_dropout)),
    }
}

fn every_layer() -> impl Iterator<Item = (Kind, LayerConfig)> {
    KINDS.into_iter().flat_map(|kind| {
        DROPS.into_iter().flat_map(move |drops| {
            [(false, true), (true, true), (false, false), (true, false)]
                .map(|(bidirectional, sequences)| (kind, layer(kind, drops, bidirectional, sequences)))
        })
    })
}

fn model<T: Scalar>(layers: Vec<LayerConfig>) -> Network<T> {
    Network::new(&ModelConfig::new([TIME, INPUTS], Output::Identity, 11, layers)).unwrap()
}

pub(super) fn with_lengths<'a>(lengths: &'a [u32], ids: &'a [u32]) -> RowKeys<'a> {
    RowKeys { lengths: Some(lengths), ..RowKeys::at_step(ids, 9) }
}

#[test]
fn every_layer_is_its_equations() {
    let x = numbers(IDS.len() * TIME * INPUTS, 0.0);
    for (kind, layer) in every_layer() {
        let network = model::<f64>(vec![layer]);
        let options: RecurrentOptions = match &network.config().layers[0] {
            LayerConfig::Rnn(layer) => layer.options(),
            LayerConfig::Lstm(layer) => layer.options(),
            LayerConfig::Gru(layer) => layer.options(),
            _ => unreachable!(),
        };
        for (mode, lengths) in [Mode::Train, Mode::MonteCarlo, Mode::Inference]
            .into_iter()
            .flat_map(|mode| [None, Some(&LENGTHS[..])].map(|lengths| (mode, lengths)))
        {
            let keys = RowKeys { lengths, ..RowKeys::at_step(&IDS, 9) };
            let y = output(&network, &x, keys, mode);
            let width = network.output_width();
            for (row, (x, y)) in x.chunks(TIME * INPUTS).zip(y.chunks(width)).enumerate() {
                let naive =
                    Naive { network: &network, kind, options, inputs: INPUTS, mode, id: IDS[row], step: 9 };
                let length = lengths.map_or(TIME, |lengths| lengths[row] as usize);
                for (y, wanted) in y.iter().zip(naive.row(x, length)) {
                    assert!((y - wanted).abs() < 1e-12, "{options:?} {mode:?}: {y} instead of {wanted}");
                }
            }
        }
    }
}

/// With a layer before it, so that the gradient of its input is looked at, and one behind.
fn around(layer: LayerConfig) -> Vec<LayerConfig> {
    vec![LayerConfig::dense(3, Activation::Tanh), layer, LayerConfig::dense(2, Activation::Identity)]
}

#[test]
fn gradients_of_every_layer_agree_with_differences() {
    for (kind, layer) in every_layer() {
        if kind == Kind::Relu && !matches!(&layer, LayerConfig::Rnn(rnn) if rnn.return_sequences) {
            continue; // differences of kinks: once is enough
        }
        check_by_differences(model(around(layer)), Mode::Train);
    }
}

#[test]
fn gradients_agree_with_differences_in_inference_and_with_lengths() {
    let x = numbers(IDS.len() * TIME * INPUTS, 0.0);
    for kind in [Kind::Tanh, Kind::Lstm, Kind::Gru] {
        for drops in [Drops::Step, Drops::Zoneout] {
            for sequences in [true, false] {
                let network = model(around(layer(kind, drops, true, sequences)));
                for mode in [Mode::Train, Mode::Inference] {
                    check_by_differences_at(network.clone(), &x, with_lengths(&LENGTHS, &IDS), mode);
                }
            }
        }
    }
}

#[test]
fn a_layer_alone_and_one_on_another_have_right_gradients() {
    for kind in [Kind::Tanh, Kind::Lstm, Kind::Gru] {
        let alone = layer(kind, Drops::Sequence, false, true);
        check_by_differences(model(vec![alone.clone()]), Mode::Train);
        let second = layer(kind, Drops::Step, true, false);
        check_by_differences(model(vec![alone, second]), Mode::Train);
    }
}

#[test]
fn hessian_products_are_exact() {
    for kind in [Kind::Tanh, Kind::Lstm, Kind::Gru] {
        for drops in [Drops::Nothing, Drops::Step, Drops::Sequence, Drops::Zoneout] {
            let layers = around(layer(kind, drops, true, false));
            check_hessian_product(model(layers), &LossConfig::MeanSquaredError {}, Mode::Train);
        }
        let x = numbers(IDS.len() * TIME * INPUTS, 0.0);
        let network = model(vec![layer(kind, Drops::Zoneout, true, true)]);
        let keys = with_lengths(&LENGTHS, &IDS);
        check_hessian_product_at(network, &x, keys, &LossConfig::MeanSquaredError {}, Mode::Inference);
    }
}

#[test]
fn padding_changes_nothing_whatever_it_is() {
    let (long, ids) = (TIME + 4, [7, 8]);
    for (_, layer) in every_layer() {
        let short = model::<f64>(vec![layer.clone()]);
        let config = ModelConfig::new([long, INPUTS], Output::Identity, 11, vec![layer]);
        let padded = Network::<f64>::new(&config).unwrap();
        let x: Vec<f64> = numbers(2 * TIME * INPUTS, 0.0);
        let mut with_padding = Vec::new();
        for row in x.chunks(TIME * INPUTS) {
            with_padding.extend_from_slice(row);
            with_padding.extend([f64::NAN; 4 * INPUTS]);
        }
        let lengths = [TIME as u32; 2];
        let (y, gradients) = pass(&short, &x, RowKeys::at_step(&ids, 9), Mode::Train);
        let keys = with_lengths(&lengths, &ids);
        let mut workspace = padded.workspace(2, Purpose::Training).unwrap();
        padded.forward(&mut workspace, &with_padding, keys, Mode::Train).unwrap();
        let (width, padded_width) = (short.output_width(), padded.output_width());
        let (output, gradient) = workspace.output_and_gradient();
        gradient.fill(1e3); // what comes back through padding is not looked at
        let targets = numbers::<f64>(y.len(), 7.1);
        for row in 0..2 {
            let (of, rest) = output[row * padded_width..][..padded_width].split_at(width);
            // To rounding: how products are worked off depends on their shapes.
            assert!(of.iter().zip(&y[row * width..]).all(|(a, b)| (a - b).abs() < 1e-14));
            assert!(rest.iter().all(|y| *y == 0.0));
            gradient[row * padded_width..][..width].copy_from_slice(&targets[row * width..][..width]);
        }
        let mut padded_gradients = vec![f64::NAN; gradients.len()];
        padded.backward(&mut workspace, &with_padding, keys, Mode::Train, &mut padded_gradients).unwrap();
        for (padded, short) in padded_gradients.iter().zip(&gradients) {
            assert!((padded - short).abs() < 1e-12, "{padded} instead of {short}");
        }
    }
}

#[test]
fn a_row_does_not_depend_on_its_company() {
    let ids: Vec<u32> = (0..40).map(|id| id * 3 + 1).collect();
    let lengths: Vec<u32> = (0..40).map(|row| row % 6).collect();
    let x = numbers(40 * TIME * INPUTS, 0.0);
    for (_, layer) in every_layer() {
        let network = model::<f64>(vec![layer]);
        let y = output(&network, &x, with_lengths(&lengths, &ids), Mode::Train);
        for row in [0, 15, 16, 39] {
            let keys = with_lengths(&lengths[row..=row], &ids[row..=row]);
            let alone = output(&network, &x[row * TIME * INPUTS..][..TIME * INPUTS], keys, Mode::Train);
            let wanted = &y[row * network.output_width()..][..network.output_width()];
            assert!(alone.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }
}

#[test]
fn bits_depend_neither_on_threads_nor_on_the_purpose_of_the_memory() {
    for kind in KINDS {
        for (drops, bidirectional) in [(Drops::Step, true), (Drops::Zoneout, false)] {
            let mut first = layer(kind, drops, bidirectional, true);
            if let LayerConfig::Rnn(RnnConfig { units, .. })
            | LayerConfig::Lstm(LstmConfig { units, .. })
            | LayerConfig::Gru(GruConfig { units, .. }) = &mut first
            {
                *units = 200; // enough for rows and products to be shared out
            }
            let config =
                ModelConfig::new([6, 40], Output::Identity, 11, vec![first, layer(kind, drops, true, false)]);
            let network = Network::<f32>::new(&config).unwrap();
            let rows = 150;
            let x = numbers(rows * 6 * 40, 0.0);
            let ids: Vec<u32> = (0..rows as u32).map(|id| id * 7).collect();
            let run = |threads| {
                let keys = RowKeys::at_step(&ids, 3);
                let work =
                    || (pass(&network, &x, keys, Mode::Train), output(&network, &x, keys, Mode::Train));
                let ((y, gradients), inference) = parallel::install(threads, work).unwrap();
                assert_eq!(bits(&y), bits(&inference));
                (bits(&y), bits(&gradients))
            };
            let one = run(1);
            assert!(run(2) == one && run(3) == one, "{kind:?} {drops:?}");
        }
    }
}

#[test]
fn dropped_is_selected_not_multiplied() {
    for kind in KINDS {
        let mut first = layer(kind, Drops::Sequence, false, true);
        if let LayerConfig::Rnn(RnnConfig { input_dropout: Some(drop), .. })
        | LayerConfig::Lstm(LstmConfig { input_dropout: Some(drop), .. })
        | LayerConfig::Gru(GruConfig { input_dropout: Some(drop), .. }) = &mut first
        {
            drop.rate = 1.0;
        }
        let network = model::<f32>(vec![first]);
        let keys = RowKeys::at_step(&IDS, 1);
        let (y, gradients) = pass(&network, &[f32::NAN; 5 * TIME * INPUTS], keys, Mode::Train);
        assert!(y.iter().chain(&gradients).all(|value| value.is_finite()));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let refuse = |input: &[usize], layer: LayerConfig, needle: &str| {
        let config = ModelConfig::new(input, Output::Identity, 1, vec![layer]);
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    };
    let lstm = LstmConfig::new(4);
    refuse(
        &[7],
        LayerConfig::Lstm(lstm.clone()),
        "layers[0] (lstm): gets [7], but needs rows of [time, features]",
    );
    refuse(&[7, 2, 2], LayerConfig::Gru(GruConfig::new(4)), "(gru): gets [7, 2, 2]");
    refuse(&[7, 2], LayerConfig::Rnn(RnnConfig::new(0)), "`units` must be at least 1");
    refuse(&[1 << 20, 2], LayerConfig::Rnn(RnnConfig::new(1 << 12)), "too many states for [1048576, 2]");
    let wrong = LstmConfig { cell_zoneout: Some(ZoneoutConfig::new(1.5)), ..lstm };
    refuse(&[7, 2], LayerConfig::Lstm(wrong), "`layers[0].cellZoneout.rate` must be a number in [0, 1]");
}

#[test]
fn masks_take_sites_in_the_documented_order_and_json_comes_back() {
    for (kind, layer) in every_layer() {
        let config = ModelConfig::new([TIME, INPUTS], Output::Identity, 1, vec![layer]).with_sites().unwrap();
        assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
        if kind == Kind::Lstm {
            let json = serde_json::to_value(&config.layers[0]).unwrap();
            let sites = ["inputDropout", "stateDropout", "candidateDropout", "outputDropout"]
                .map(|name| &json[name]["site"]);
            if !sites[0].is_null() {
                assert_eq!(sites, [0, 1, 2, 3]);
            }
            let zones = ["zoneout", "cellZoneout"].map(|name| &json[name]["site"]);
            assert!(zones[0].is_null() || zones == [0, 1]);
        }
    }
}

#[test]
fn the_rate_of_a_single_mask_can_be_changed() {
    let only = LstmConfig { state_dropout: Some(SequenceDropout::sequence(0.5)), ..LstmConfig::new(4) };
    let mut network = model::<f64>(vec![LayerConfig::Lstm(only)]);
    let x = numbers(IDS.len() * TIME * INPUTS, 0.0);
    let train = |network: &Network<f64>| output(network, &x, RowKeys::at_step(&IDS, 9), Mode::Train);
    let before = train(&network);
    network.set_rates(&[(0.into(), 0.0)]).unwrap();
    assert_ne!(train(&network), before);
    assert_eq!(train(&network), output(&network, &x, RowKeys::NONE, Mode::Inference));
    let mut several = model::<f64>(vec![layer(Kind::Lstm, Drops::Step, false, true)]);
    assert_eq!(several.set_rates(&[(0.into(), 0.0)]).unwrap_err().code(), Code::Option);
}

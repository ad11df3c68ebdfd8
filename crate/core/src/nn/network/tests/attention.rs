//! Layer norm, self-attention and transformer blocks.

use super::*;
use crate::mask::Per;
use crate::nn::config::{LayerNormConfig, SelfAttentionConfig, Shape, TransformerBlockConfig};
use crate::nn::{LossConfig, Optimizer, OptimizerConfig};

/// A network on rows of `[steps, features]` whose parameters are all away from where they start.
fn sequences<T: Scalar>(shape: [usize; 2], layers: Vec<LayerConfig>) -> Network<T> {
    let mut network = Network::new(&ModelConfig::new(shape, Output::Identity, 11, layers)).unwrap();
    let count = network.parameters().len();
    let moved = numbers::<f64>(count, 0.9);
    for (value, moved) in network.parameters_mut().values_mut().iter_mut().zip(moved) {
        *value += T::from_f64(0.3 * moved);
    }
    network
}

fn attention(dropout: f64, per: Per, causal: bool) -> LayerConfig {
    LayerConfig::SelfAttention(SelfAttentionConfig { dropout, per, causal, ..SelfAttentionConfig::new(2) })
}

fn norm() -> LayerConfig {
    LayerConfig::LayerNorm(LayerNormConfig::default())
}

fn block(pre_norm: bool) -> TransformerBlockConfig {
    TransformerBlockConfig {
        activation: Activation::Gelu,
        pre_norm,
        causal: !pre_norm,
        dropout: 0.2,
        attention_dropout: Some(0.3),
        ..TransformerBlockConfig::new(2, 5)
    }
}

/// Every layer of the family, with dropout at each of its places.
fn family() -> Vec<LayerConfig> {
    vec![
        LayerConfig::dense(4, Activation::Tanh),
        norm(),
        attention(0.4, Per::Element, true),
        LayerConfig::dropout(0.25),
        LayerConfig::TransformerBlock(block(true)),
        LayerConfig::TransformerBlock(block(false)),
        LayerConfig::dense(2, Activation::Identity),
    ]
}

/// The same one by one: the curvature of several norms in a row is too much for differences.
fn parts() -> [Vec<LayerConfig>; 3] {
    let end = || LayerConfig::dense(2, Activation::Identity);
    [
        vec![norm(), attention(0.4, Per::Element, true), LayerConfig::dropout(0.25), end()],
        vec![LayerConfig::TransformerBlock(block(true)), end()],
        vec![LayerConfig::dense(6, Activation::Tanh), LayerConfig::TransformerBlock(block(false))],
    ]
}

#[test]
fn gradients_agree_with_differences() {
    for mode in [Mode::Train, Mode::Inference] {
        for layers in parts() {
            check_by_differences(sequences([3, 6], layers), mode);
        }
    }
    for per in [Per::Element, Per::Key, Per::Row, Per::Head] {
        check_by_differences(sequences([3, 4], vec![attention(0.4, per, false)]), Mode::MonteCarlo);
    }
    let without_bias = SelfAttentionConfig { bias: false, ..SelfAttentionConfig::new(2) };
    check_by_differences(sequences([3, 4], vec![LayerConfig::SelfAttention(without_bias)]), Mode::Inference);
}

/// Of a loss of the steps that are data, as those of models are.
#[test]
fn gradients_of_padded_rows_agree_with_differences() {
    let lengths = [3u32, 1, 0, 2, 9];
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&IDS, 9) };
    let x: Vec<f64> = numbers(5 * 18, 0.0);
    for layers in parts() {
        let mut network = sequences::<f64>([3, 6], layers);
        let dy: Vec<f64> = numbers(5 * network.output_width(), 7.1);
        let mut workspace = network.workspace(5, Purpose::Training).unwrap();
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().copy_from_slice(&dy);
        let mut gradients = vec![f64::NAN; network.parameters().len()];
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
        for (index, gradient) in gradients.iter().enumerate() {
            let value = network.parameters().values()[index];
            let mut at = |delta: f64| -> f64 {
                network.parameters_mut().values_mut()[index] = value + delta;
                let y = output(&network, &x, keys, Mode::Train);
                y.iter().zip(&dy).map(|(y, dy)| y * dy).sum()
            };
            const H: f64 = 1e-5;
            let difference = (at(H) - at(-H)) / (2.0 * H);
            at(0.0);
            let error = (difference - gradient).abs() / difference.abs().max(1.0);
            assert!(error < 1e-8, "parameter {index}: {difference} by differences, {gradient} by backward");
        }
    }
    // What comes from steps past the length is 0, and no bias.
    let network = sequences::<f64>([3, 6], vec![attention(0.4, Per::Element, true)]);
    let y = pass(&network, &x, keys, Mode::Train).0;
    assert_eq!(y[18 + 6..18 + 18], [0.0; 12]);
    assert!(y[18..18 + 6].iter().all(|y| *y != 0.0));
}

#[test]
fn hessian_products_are_exact() {
    for mode in [Mode::Train, Mode::Inference] {
        for layers in parts() {
            let network = sequences([3, 6], layers);
            super::tangents::check_hessian_product(network, &LossConfig::MeanSquaredError {}, mode);
        }
    }
}

#[test]
fn single_precision_agrees_with_double_precision() {
    let layers = vec![
        LayerConfig::TransformerBlock(block(true)),
        attention(0.3, Per::Key, false),
        attention(0.3, Per::Row, true),
        attention(0.3, Per::Head, false),
        LayerConfig::TransformerBlock(block(false)),
    ];
    // More steps than a tile of the fused kernels has keys, and a length within the first and the second tile.
    let (single, double) = (sequences::<f32>([140, 6], layers.clone()), sequences::<f64>([140, 6], layers));
    let (x, exact) = (numbers(5 * 140 * 6, 0.0), numbers(5 * 140 * 6, 0.0));
    for lengths in [None, Some(&[140, 130, 70, 1, 0][..])] {
        let keys = RowKeys { lengths, ..RowKeys::at_step(&IDS, 9) };
        for mode in [Mode::Train, Mode::Inference] {
            let ((y, gradients), (exact_y, exact_gradients)) =
                (pass(&single, &x, keys, mode), pass(&double, &exact, keys, mode));
            let near = |got: &[f32], wanted: &[f64]| {
                let size = wanted.iter().fold(1f64, |size, x| size.max(x.abs()));
                let error =
                    got.iter().zip(wanted).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
                assert!(error < 3e-5 * size, "{error} of {size}");
            };
            near(&y, &exact_y);
            near(&gradients, &exact_gradients);
        }
    }
}

/// Attention of one row with explicit weights, whose masks are read from the reference.
fn naive(network: &Network<f64>, x: &[f64], id: u32, per: Per) -> Vec<f64> {
    const STEPS: usize = 130;
    let of = |name: &str| network.parameters().get(&format!("layers.0.{name}")).unwrap().to_vec();
    let linear = |x: &[f64], weight: &[f64], bias: &[f64]| -> Vec<f64> {
        x.chunks(4)
            .flat_map(|x| {
                let units = weight.chunks(4).zip(bias);
                units.map(|(w, b)| b + x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>()).collect::<Vec<_>>()
            })
            .collect()
    };
    let packed = linear(x, &of("inputWeight"), &of("inputBias"));
    let part = |part: usize, step: usize, head: usize| &packed[step * 12 + part * 4 + head * 2..][..2];
    let address = Address { seed: 11, domain: Domain::Train, step: 9, sample: id, ..Address::default() };
    let rate = Rate::new(0.4).unwrap();
    let mut heads = vec![0.0; x.len()];
    for head in 0..2 {
        for query in 0..STEPS {
            let score = |key| {
                let pairs = part(0, query, head).iter().zip(part(1, key, head));
                (pairs.map(|(q, k)| q * k).sum::<f64>() / 2f64.sqrt()).exp()
            };
            let total: f64 = (0..STEPS).map(score).sum();
            for key in 0..STEPS {
                let group = |index: usize| ((head << 24 | index >> 7) * 128 + (index & 127)) as u64;
                let lane = match per {
                    Per::Element => ((head << 24 | query << 10 | key >> 7) * 128 + (key & 127)) as u64,
                    Per::Key => group(key),
                    Per::Row => group(query),
                    Per::Head => head as u64,
                };
                if keep_lane(&address, lane, rate) {
                    for feature in 0..2 {
                        heads[query * 4 + head * 2 + feature] +=
                            score(key) / total / 0.6 * part(2, key, head)[feature];
                    }
                }
            }
        }
    }
    linear(&heads, &of("outputWeight"), &of("outputBias"))
}

#[test]
fn weights_drop_where_the_stream_says() {
    for per in [Per::Element, Per::Key, Per::Row, Per::Head] {
        let layers = vec![attention(0.4, per, false)];
        let (double, single) =
            (sequences::<f64>([130, 4], layers.clone()), sequences::<f32>([130, 4], layers));
        let (x, rounded) = (numbers(130 * 4, 0.0), numbers(130 * 4, 0.0));
        let keys = RowKeys::at_step(&[77], 9);
        let wanted = naive(&double, &x, 77, per);
        let got = output(&double, &x, keys, Mode::Train);
        let fused = output(&single, &rounded, keys, Mode::Train);
        for ((got, fused), wanted) in got.iter().zip(fused).zip(&wanted) {
            assert!((got - wanted).abs() < 1e-12, "{per:?}: {got} instead of {wanted}");
            assert!((f64::from(fused) - wanted).abs() < 1e-5, "{per:?}: {fused} instead of {wanted}");
        }
        let other = output(&double, &x, RowKeys::at_step(&[78], 9), Mode::Train);
        assert!(other.iter().zip(&wanted).any(|(a, b)| (a - b).abs() > 1e-2), "{per:?}");
    }
}

/// Outputs and gradients, by the parameters of the layer and through an earlier one, of padded rows are those of rows
/// that are as long as their data, whatever the padding holds.
#[test]
fn padding_has_no_influence() {
    let layers = || vec![LayerConfig::dense(4, Activation::Tanh), attention(0.3, Per::Element, false)];
    let padded = sequences::<f32>([6, 4], layers());
    let lengths = [6u32, 2, 5, 1, 3];
    let mut x: Vec<f32> = numbers(5 * 6 * 4, 0.0);
    for (row, length) in x.chunks_exact_mut(24).zip(lengths) {
        row[length as usize * 4..].fill(1e4);
    }
    let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&IDS, 9) };
    let (y, gradients) = pass(&padded, &x, keys, Mode::Train);
    assert!(y.iter().all(|y| y.is_finite()));
    let mut sum = vec![0f64; gradients.len()];
    let dy = numbers::<f32>(y.len(), 7.1);
    for (row, length) in lengths.iter().enumerate() {
        let elements = *length as usize * 4;
        let mut own =
            Network::<f32>::new(&ModelConfig::new([*length as usize, 4], Output::Identity, 11, layers()))
                .unwrap();
        own.parameters_mut().values_mut().copy_from_slice(padded.parameters().values());
        let keys = RowKeys::at_step(&IDS[row..=row], 9);
        let mut workspace = own.workspace(1, Purpose::Training).unwrap();
        let x = &x[row * 24..row * 24 + elements];
        own.forward(&mut workspace, x, keys, Mode::Train).unwrap();
        for (own, padded) in workspace.output().iter().zip(&y[row * 24..]) {
            assert!((own - padded).abs() < 1e-5, "row {row}: {padded} instead of {own}");
        }
        workspace.output_gradient_mut().copy_from_slice(&dy[row * 24..row * 24 + elements]);
        let mut gradients = vec![f32::NAN; sum.len()];
        own.backward(&mut workspace, x, keys, Mode::Train, &mut gradients).unwrap();
        sum.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += f64::from(gradient));
    }
    for (index, (got, wanted)) in gradients.iter().zip(sum).enumerate() {
        assert!((f64::from(*got) - wanted).abs() < 1e-4, "parameter {index}: {got} instead of {wanted}");
    }
}

#[test]
fn a_row_is_the_same_in_any_batch_and_pass() {
    let network = sequences::<f32>([7, 4], family());
    let x: Vec<f32> = numbers(5 * 28, 0.0);
    let steps = [4, 4, 9, 2, 9];
    let keys = RowKeys { steps: Steps::PerRow(&steps), ..RowKeys::at_step(&IDS, 0) };
    let together = output(&network, &x, keys, Mode::MonteCarlo);
    for row in 0..5 {
        let keys = RowKeys::at_step(&IDS[row..=row], steps[row]);
        let alone = output(&network, &x[row * 28..][..28], keys, Mode::MonteCarlo);
        for (alone, together) in alone.iter().zip(&together[row * 14..]) {
            assert!((alone - together).abs() < 1e-4, "row {row}: {together} instead of {alone}");
        }
    }
}

#[test]
fn rows_that_share_their_masks_drop_alike() {
    let network = sequences::<f64>([3, 4], vec![attention(0.5, Per::Element, false)]);
    let x = numbers::<f64>(12, 0.0).repeat(5);
    let keys = RowKeys { shared: true, ..RowKeys::at_step(&IDS, 9) };
    let y = output(&network, &x, keys, Mode::MonteCarlo);
    assert!(y.chunks(12).all(|row| row == &y[..12]));
    let y = output(&network, &x, RowKeys::at_step(&IDS, 9), Mode::MonteCarlo);
    assert!(y.chunks(12).skip(1).any(|row| row != &y[..12]));
}

#[test]
fn training_and_inference_workspaces_agree() {
    let network = sequences::<f32>([3, 4], family());
    let x = numbers(5 * 12, 0.0);
    let keys = RowKeys::at_step(&IDS, 9);
    for mode in [Mode::Train, Mode::Inference] {
        assert_eq!(bits(&pass(&network, &x, keys, mode).0), bits(&output(&network, &x, keys, mode)));
    }
}

#[test]
fn dropout_after_attention_is_the_same_fused_or_by_itself() {
    let layers = vec![attention(0.3, Per::Element, false), LayerConfig::dropout(0.4)];
    let fused = sequences::<f32>([3, 4], layers);
    let mut single = fused.clone();
    let program = {
        let places = Places::new(&single.parameters, &single.buffers);
        Program::compile(&single.config.layers, &single.shapes[0], places, Fusion::Nothing).unwrap()
    };
    assert_eq!((fused.training.layers.len(), program.layers.len()), (1, 2));
    single.training = Arc::new(program);
    let (x, keys) = (numbers(5 * 12, 0.0), RowKeys::at_step(&IDS, 9));
    let ((y, gradients), (y2, gradients2)) =
        (pass(&fused, &x, keys, Mode::Train), pass(&single, &x, keys, Mode::Train));
    assert_eq!((bits(&y), bits(&gradients)), (bits(&y2), bits(&gradients2)));
}

#[test]
fn bits_do_not_depend_on_threads() {
    let mut wide = block(true);
    (wide.heads, wide.hidden) = (2, 130);
    let layers = vec![LayerConfig::TransformerBlock(wide.clone()), norm()];
    let network = sequences::<f32>([40, 64], layers);
    let rows = 60; // enough for attention, norms and products to be split
    let x = numbers(rows * 40 * 64, 0.0);
    let ids: Vec<u32> = (0..rows as u32).map(|id| id * 7).collect();
    let lengths: Vec<u32> = ids.iter().map(|id| 10 + id % 31).collect();
    let run = |threads| {
        let keys = RowKeys { lengths: Some(&lengths), ..RowKeys::at_step(&ids, 3) };
        let work = || pass(&network, &x, keys, Mode::Train);
        let (y, gradients) = parallel::install(threads, work).unwrap();
        (bits(&y), bits(&gradients))
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn norms_are_sound_far_from_zero() {
    let network = sequences::<f32>([1, 4], vec![LayerConfig::dense(4, Activation::Identity), norm()]);
    let mut network = network;
    for (index, value) in network.parameters_mut().values_mut().iter_mut().enumerate() {
        *value = match index {
            0..16 if index % 5 == 0 => 1.0,
            20..24 => 1.0,
            _ => 0.0,
        };
    }
    let x = [5000.0, 5001.0, 5002.0, 5001.0];
    let (y, gradients) = pass(&network, &x, RowKeys::NONE, Mode::Inference);
    let root = 2f32.sqrt();
    for (y, wanted) in y.iter().zip([-root, 0.0, root, 0.0]) {
        assert!((y - wanted).abs() < 1e-4, "{y} instead of {wanted}");
    }
    // The bias of the first layer gets dx, which is orthogonal to ones and to the normalised vector.
    let dx = &gradients[16..20];
    let along: f32 = dx.iter().sum();
    let across: f32 = dx.iter().zip(&y).map(|(a, b)| a * b).sum();
    assert!(along.abs() < 1e-4 && across.abs() < 1e-4 && dx.iter().any(|dx| dx.abs() > 0.1), "{dx:?}");
}

#[test]
fn a_block_takes_four_sites_in_order() {
    let layers = vec![
        LayerConfig::dropout(0.5),
        LayerConfig::TransformerBlock(block(true)),
        attention(0.1, Per::Element, false),
        LayerConfig::dropout(0.5),
    ];
    let config = ModelConfig::new([3, 4], Output::Identity, 1, layers).with_sites().unwrap();
    let LayerConfig::TransformerBlock(block) = &config.layers[1] else { panic!() };
    let sites = block.sites;
    assert_eq!(
        [sites.weights, sites.attention, sites.hidden, sites.feed_forward],
        [1, 2, 3, 4].map(Some),
        "{sites:?}"
    );
    let LayerConfig::SelfAttention(attention) = &config.layers[2] else { panic!() };
    let LayerConfig::Dropout(last) = &config.layers[3] else { panic!() };
    assert_eq!((attention.site, last.site), (Some(5), Some(6)));
    assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
}

#[test]
fn rates_of_a_block_follow_its_own_unless_given() {
    let config = TransformerBlockConfig { dropout: 0.0, ..TransformerBlockConfig::new(2, 5) };
    let mut network = sequences::<f32>([3, 4], vec![LayerConfig::TransformerBlock(config)]);
    let x = numbers(12, 0.0);
    let run = |network: &Network<f32>, mode| bits(&output(network, &x, RowKeys::at_step(&[1], 0), mode));
    assert_eq!(run(&network, Mode::Train), run(&network, Mode::Inference));
    network.set_rates(&[(0.into(), 0.5)]).unwrap();
    assert_ne!(run(&network, Mode::Train), run(&network, Mode::Inference));
    let LayerConfig::TransformerBlock(block) = &network.config().layers[0] else { panic!() };
    assert_eq!((block.attention().dropout, block.hidden_dropout()), (0.5, 0.5));
}

#[test]
fn dropping_all_weights_leaves_the_bias() {
    for dropout in [1.0, 0.0] {
        let network = sequences::<f32>([3, 4], vec![attention(dropout, Per::Element, false)]);
        let bias = network.parameters().get("layers.0.outputBias").unwrap().repeat(3);
        let y = output(&network, &numbers::<f32>(12, 0.0), RowKeys::at_step(&[1], 0), Mode::Train);
        assert_eq!(y == bias, dropout == 1.0);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let refuse = |shape: &[usize], layer: LayerConfig, needle: &str| {
        let config = ModelConfig::new(shape, Output::Identity, 1, vec![layer]);
        let error = Network::<f32>::new(&config).unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    };
    let block = |config: TransformerBlockConfig| LayerConfig::TransformerBlock(config);
    let plain = || TransformerBlockConfig::new(2, 5);
    refuse(&[4], attention(0.1, Per::Element, false), "gets [4]; it needs [steps, features]");
    refuse(
        &[4, 5],
        attention(0.1, Per::Element, false),
        "gets [4, 5], whose 5 features do not divide into 2",
    );
    refuse(&[4, 5], block(plain()), "transformerBlock");
    refuse(&[20_000, 4], attention(0.1, Per::Element, false), "16384 queries");
    refuse(&[4, 4], attention(1.5, Per::Element, false), "`layers[0].dropout` must be a number in [0, 1]");
    refuse(&[4, 4], block(TransformerBlockConfig { heads: 0, ..plain() }), "`heads` must be at least 1");
    refuse(&[4, 4], block(TransformerBlockConfig { hidden: 0, ..plain() }), "`hidden` must be at least 1");
    refuse(&[4, 4], block(TransformerBlockConfig { epsilon: 0.0, ..plain() }), "`epsilon`");
    let softmax = TransformerBlockConfig { activation: Activation::Softmax, ..plain() };
    refuse(&[4, 4], block(softmax), "`activation`");
    let rate = TransformerBlockConfig { attention_dropout: Some(-0.1), ..plain() };
    refuse(&[4, 4], block(rate), "attentionDropout");
    refuse(&[4], LayerConfig::LayerNorm(LayerNormConfig { epsilon: -1.0 }), "`epsilon`");
    assert_eq!(norm().output_shape(&Shape::new([2, 3])).unwrap(), Shape::new([2, 3]));
}

/// A transformer learns which of the steps is the largest: nothing that looks at one step at a time can.
#[test]
fn a_transformer_learns_to_compare_steps() {
    let config = TransformerBlockConfig { dropout: 0.05, ..TransformerBlockConfig::new(2, 16) };
    let layers = vec![
        LayerConfig::dense(8, Activation::Identity),
        LayerConfig::TransformerBlock(config),
        norm(),
        LayerConfig::dense(1, Activation::Identity),
        LayerConfig::flatten(),
    ];
    let mut network = Network::<f32>::new(&ModelConfig::new([4, 1], Output::Softmax, 3, layers)).unwrap();
    let loss = network.loss(&LossConfig::cross_entropy()).unwrap();
    let rows = 64;
    let mut optimizer = Optimizer::new(&OptimizerConfig::adam(0.01), network.parameters().len()).unwrap();
    let mut workspace = network.workspace(rows, Purpose::Training).unwrap();
    let mut gradients = vec![0.0; network.parameters().len()];
    let ids: Vec<u32> = (0..rows as u32).collect();
    let mut last = f64::INFINITY;
    for step in 0..300u32 {
        let x: Vec<f32> = (0..rows * 4)
            .map(|i| (((step as usize * 256 + i) as f64 * 0.618_033_988_75).fract() * 3.0 - 1.5) as f32)
            .collect();
        let largest = |row: &[f32]| (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap() as u32;
        let classes: Vec<u32> = x.chunks(4).map(largest).collect();
        let keys = RowKeys::at_step(&ids, step);
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        let (logits, gradient) = workspace.output_and_gradient();
        let targets = crate::nn::BatchTargets::Classes(&classes);
        last = loss.evaluate(logits, targets, crate::nn::Weighting::NONE, Some(gradient)).mean();
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
        optimizer.step(network.parameters_mut(), &gradients, 0.01, 1.0).unwrap();
    }
    assert!(last < 0.4, "{last}, where guessing has ln 4 = 1.39");
}

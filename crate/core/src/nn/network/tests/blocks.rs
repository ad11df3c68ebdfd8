//! Residual blocks, parallel branches and named inputs.

use std::collections::BTreeMap;

use super::*;
use crate::nn::config::{Combine, Input, ResidualConfig};

fn residual(drop_path: f64, layers: Vec<LayerConfig>) -> LayerConfig {
    LayerConfig::Residual(ResidualConfig { layers, drop_path, site: None })
}

/// Blocks in blocks, with masks and activations at their borders.
fn blocks() -> Vec<LayerConfig> {
    vec![
        LayerConfig::dense(6, Activation::Tanh),
        residual(
            0.4,
            vec![
                LayerConfig::dense(5, Activation::Gelu),
                LayerConfig::dropout(0.3),
                residual(0.0, vec![LayerConfig::activation(Activation::Silu)]),
                LayerConfig::dense(6, Activation::Identity),
            ],
        ),
        LayerConfig::parallel(
            Combine::Concatenate,
            vec![
                vec![],
                vec![LayerConfig::dense(3, Activation::Softplus), LayerConfig::dropout(0.5)],
                vec![LayerConfig::parallel(
                    Combine::Add,
                    vec![
                        vec![LayerConfig::dense(2, Activation::Tanh)],
                        vec![LayerConfig::dense(2, Activation::Identity)],
                    ],
                )],
            ],
        ),
        LayerConfig::dropout(0.2),
        LayerConfig::dense(3, Activation::Identity),
    ]
}

#[test]
fn gradients_of_blocks_agree_with_differences() {
    for mode in [Mode::Train, Mode::MonteCarlo, Mode::Inference] {
        check_by_differences(network(4, blocks()), mode);
    }
}

#[test]
fn a_block_first_of_all_has_right_gradients_too() {
    let layers = vec![
        residual(0.2, vec![LayerConfig::dense(4, Activation::Silu), LayerConfig::dropout(0.2)]),
        LayerConfig::parallel(
            Combine::Add,
            vec![
                vec![LayerConfig::dense(3, Activation::Tanh)],
                vec![LayerConfig::dropout(0.3), LayerConfig::dense(3, Activation::Identity)],
            ],
        ),
    ];
    check_by_differences(network(4, layers), Mode::Train);
}

#[test]
fn training_and_inference_workspaces_agree() {
    let network = network::<f32>(4, blocks());
    let x = numbers(IDS.len() * 4, 0.0);
    let keys = RowKeys::at_step(&IDS, 9);
    for mode in [Mode::Train, Mode::Inference] {
        assert_eq!(bits(&pass(&network, &x, keys, mode).0), bits(&output(&network, &x, keys, mode)));
    }
}

#[test]
fn a_branch_drops_for_whole_rows_at_lane_0() {
    let layers = vec![residual(0.5, vec![LayerConfig::activation(Activation::Relu)])];
    let network = network::<f32>(3, layers);
    let ids: Vec<u32> = (0..64).collect();
    let y = output(&network, &[1.0; 64 * 3], RowKeys::at_step(&ids, 2), Mode::Train);
    let address = Address { seed: 11, domain: Domain::Train, step: 2, ..Address::default() };
    for (id, y) in ids.iter().zip(y.chunks(3)) {
        let kept = keep_lane(&address.with_sample(*id), 0, Rate::new(0.5).unwrap());
        assert_eq!(y, [if kept { 3.0 } else { 1.0 }; 3]); // 1 + 1 / 0.5, or 1
    }
    let y = output(&network, &[1.0; 3], RowKeys::NONE, Mode::Inference);
    assert_eq!(y, [2.0; 3]);
}

#[test]
fn an_always_dropped_branch_is_the_identity_in_training_even_where_it_is_infinite() {
    let layers = vec![residual(1.0, vec![LayerConfig::dense(2, Activation::Identity)])];
    let mut network = network::<f32>(2, layers);
    network.parameters_mut().values_mut().fill(f32::INFINITY);
    assert_eq!(output(&network, &[1.0, 2.0], RowKeys::at_step(&[0], 0), Mode::Train), [1.0, 2.0]);
}

#[test]
fn named_inputs_go_their_own_ways() {
    let inputs = BTreeMap::from([("b".to_owned(), vec![2, 2]), ("a".to_owned(), vec![3])]);
    let branches = vec![
        vec![LayerConfig::select("b"), LayerConfig::flatten(), LayerConfig::dense(2, Activation::Tanh)],
        vec![LayerConfig::select("a")],
    ];
    let layers = vec![
        LayerConfig::parallel(Combine::Concatenate, branches),
        LayerConfig::dense(2, Activation::Identity),
    ];
    let config = ModelConfig::new(Input::Named(inputs), Output::Identity, 1, layers);
    assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
    let network = Network::<f64>::new(&config).unwrap();
    assert_eq!(network.input_width(), 7);
    check_by_differences(network.clone(), Mode::Train);
    // The row is a, then b; the first four columns of the last layer belong to b.
    let of = |x: [f64; 7]| output(&network, &x, RowKeys::NONE, Mode::Inference);
    let weight = network.parameters().get("layers.1.weight").unwrap();
    let change = of([1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5])[0] - of([0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5])[0];
    assert!((change - weight[2]).abs() < 1e-15);
}

#[test]
fn what_does_not_fit_is_named_within_its_block() {
    let refuse = |layers, needle: &str| {
        let config = ModelConfig::new([4], Output::Identity, 1, layers);
        let error = Network::<f32>::new(&config).unwrap_err().to_string();
        assert!(error.contains(needle), "{error}");
    };
    let dense = |units| LayerConfig::dense(units, Activation::Identity);
    refuse(vec![residual(0.0, vec![dense(3)])], "gets [4], but its layers give [3]");
    refuse(vec![residual(0.0, vec![])], "`layers` must have at least one layer");
    refuse(
        vec![residual(0.0, vec![dense(4), residual(0.0, vec![dense(0), dense(4)])])],
        "layers[0] (residual): layers[1] (residual): layers[0] (dense): `units`",
    );
    refuse(vec![residual(1.5, vec![dense(4)])], "`layers[0].dropPath` must be a number in [0, 1]");
    refuse(vec![LayerConfig::parallel(Combine::Add, vec![])], "at least one branch");
    refuse(
        vec![LayerConfig::parallel(Combine::Add, vec![vec![dense(3)], vec![dense(2)]])],
        "branches[0] gives [3], but branches[1] [2]",
    );
    refuse(vec![LayerConfig::select("age")], "no input `age` in [4]");
    refuse(vec![residual(0.0, vec![LayerConfig::normalize()])], "not of a block");
    let text = r#"{"input":[4],"output":"identity","seed":"1","layers":[
        {"type":"residual","layers":[{"type":"flaten"}]}]}"#;
    let error = ModelConfig::from_json(text).unwrap_err().to_string();
    assert!(error.contains("layers[0] (residual): layers[0].type must be one of dense"), "{error}");
}

#[test]
fn rates_within_blocks_are_changed_by_their_places() {
    let mut network = network::<f32>(4, blocks());
    let at = |text: &str| text.parse::<crate::nn::LayerPath>().unwrap();
    network.set_rates(&[(at("1"), 0.25), (at("1.1"), 0.1), (at("2.1.1"), 0.6)]).unwrap();
    let summary = network.summary(1);
    let rate = |path: &str| summary.layers.iter().find(|layer| layer.path == path).unwrap().rate;
    assert_eq!([rate("1"), rate("1.1"), rate("2.1.1"), rate("3")], [0.25, 0.1, 0.6, 0.2].map(Some));
    for path in ["1.9", "2.1", "2.5.0", "0", "1.2.0"] {
        assert_eq!(network.set_rates(&[(at(path), 0.5)]).unwrap_err().code(), Code::Option, "{path}");
    }
    assert!("1.x".parse::<crate::nn::LayerPath>().is_err());
}

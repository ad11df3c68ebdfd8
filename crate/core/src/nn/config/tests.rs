use super::*;
use crate::error::{Code, Error};

fn model(input: &[usize], output: Output, layers: Vec<LayerConfig>) -> ModelConfig {
    ModelConfig::new(input, output, 3, layers)
}

fn refusal(config: &ModelConfig) -> (Code, String) {
    let error = config.check().unwrap_err();
    (error.code(), error.to_string())
}

fn linear(units: usize) -> LayerConfig {
    LayerConfig::dense(units, Activation::Identity)
}

#[test]
fn json_is_as_documented_and_comes_back() {
    let text = r#"{"version":1,"input":[4,5],"output":"softmax","seed":"18446744073709551615","layers":[
        {"type":"flatten"},{"type":"normalize"},
        {"type":"dense","units":512,"activation":"leakyRelu","bias":false,"initializer":"heNormal"},
        {"type":"dropout","rate":0.5,"scaling":"standard","site":7},{"type":"activation","activation":"gelu"},
        {"type":"dense","units":2}]}"#;
    let config = ModelConfig::from_json(text).unwrap();
    assert_eq!(config.seed, u64::MAX);
    assert_eq!(config.layers[5], linear(2));
    assert_eq!(config.layers[1], LayerConfig::normalize());
    assert_eq!(ModelConfig::from_json(&config.to_json()).unwrap(), config);
    let shapes: Vec<String> = config.shapes().unwrap().iter().map(Shape::to_string).collect();
    assert_eq!(shapes, ["[4, 5]", "[20]", "[20]", "[512]", "[512]", "[512]", "[2]"]);
}

#[test]
fn names_in_json_are_the_documented_ones() {
    for activation in Activation::ALL {
        assert_eq!(serde_json::to_value(activation).unwrap(), activation.name());
    }
    for output in [Output::Softmax, Output::Sigmoid, Output::Identity, Output::Gaussian] {
        assert_eq!(serde_json::to_value(output).unwrap(), output.name());
    }
    let layers = [
        linear(1),
        LayerConfig::activation(Activation::Relu),
        LayerConfig::dropout(0.1),
        LayerConfig::flatten(),
        LayerConfig::normalize(),
    ];
    for (layer, &kind) in layers.iter().zip(LayerConfig::KINDS) {
        assert_eq!(layer.kind(), kind);
        assert_eq!(serde_json::to_value(layer).unwrap()["type"], kind);
    }
}

#[test]
fn broken_json_names_the_place() {
    let with_layer = |layer: &str| {
        format!(r#"{{"input":[4],"output":"identity","seed":"1","layers":[{{"type":"flatten"}},{layer}]}}"#)
    };
    for (text, code, needle) in [
        ("[".to_owned(), Code::Config, "`config`"),
        (r#"{"input":[4],"output":"identity","layers":[]}"#.to_owned(), Code::Config, "seed"),
        (
            r#"{"input":[4],"output":"identity","seed":"-1","layers":[]}"#.to_owned(),
            Code::Config,
            "[0, 2^64)",
        ),
        (r#"{"input":[4],"output":"mean","seed":"1","layers":[]}"#.to_owned(), Code::Config, "mean"),
        (r#"{"version":2,"future":true}"#.to_owned(), Code::Version, "`version` must be 1"),
        (with_layer(r#"{"type":"dens","units":3}"#), Code::Config, "`layers[1].type` must be one of dense"),
        (with_layer("3"), Code::Config, "`layers[1].type`"),
        (with_layer(r#"{"type":"dense","unit":3}"#), Code::Config, "layers[1] (dense): unknown field `unit`"),
        (with_layer(r#"{"type":"dense"}"#), Code::Config, "layers[1] (dense): missing field `units`"),
        (with_layer(r#"{"type":"dense","units":-3}"#), Code::Config, "layers[1] (dense): invalid value"),
        (with_layer(r#"{"type":"flatten","units":3}"#), Code::Config, "layers[1] (flatten): unknown field"),
        (
            with_layer(r#"{"type":"dropout","rate":1.5}"#),
            Code::Rate,
            "`layers[1].rate` must be a number in [0, 1]",
        ),
    ] {
        let error = ModelConfig::from_json(&text).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
        assert!(error.to_string().contains(needle), "{text}: {error}");
    }
}

#[test]
fn what_cannot_work_is_refused_by_layer_and_shape() {
    let softmax = LayerConfig::activation(Activation::Softmax);
    for (config, needle) in [
        (model(&[], Output::Identity, vec![linear(1)]), "`input`"),
        (model(&[3, 0], Output::Identity, vec![linear(1)]), "[3, 0]"),
        (model(&[usize::MAX, 9], Output::Identity, vec![linear(1)]), "`input`"),
        (model(&[3], Output::Identity, vec![]), "at least one layer"),
        (model(&[3], Output::Identity, vec![LayerConfig::flatten(); 32_769]), "at most 32768 layers"),
        (model(&[3], Output::Identity, vec![linear(0)]), "layers[0] (dense): `units` must be at least 1"),
        (model(&[3], Output::Identity, vec![linear(1 << 40)]), "2^31"),
        (model(&[1 << 20], Output::Identity, vec![linear(1 << 20)]), "more than 2^31 parameters"),
        (model(&[28, 27, 3], Output::Identity, vec![linear(4)]), "gives [28, 27, 4]"),
        (model(&[28, 27, 3], Output::Identity, vec![LayerConfig::dropout(0.1)]), "end with a flatten layer"),
        (model(&[3], Output::Softmax, vec![linear(1)]), "gives [1], but output `softmax` needs at least [2]"),
        (
            model(&[3], Output::Gaussian, vec![linear(3)]),
            "gives [3], but output `gaussian` needs an even width",
        ),
        (model(&[3], Output::Softmax, vec![linear(3), softmax.clone()]), "layers[1] (activation)"),
        (model(&[3], Output::Sigmoid, vec![LayerConfig::dense(3, Activation::Sigmoid)]), "layers[0] (dense)"),
        (
            model(&[3], Output::Softmax, vec![linear(3), softmax.clone(), LayerConfig::dropout(0.1)]),
            "layers[1] (activation): ends in an activation to probabilities",
        ),
        (
            model(&[3], Output::Identity, vec![linear(3), LayerConfig::normalize()]),
            "before every layer with weights",
        ),
        (
            model(
                &[3],
                Output::Identity,
                vec![LayerConfig::Normalize(NormalizeConfig { epsilon: f64::NAN })],
            ),
            "`epsilon`",
        ),
    ] {
        let (code, message) = refusal(&config);
        assert_eq!(code, Code::Config, "{message}");
        assert!(message.contains(needle), "{message} lacks {needle}");
    }
    assert!(model(&[3], Output::Identity, vec![linear(3), softmax]).check().is_ok());
    let newer = ModelConfig { version: 2, ..model(&[3], Output::Identity, vec![linear(3)]) };
    assert_eq!(refusal(&newer).0, Code::Version);
    for rate in [-0.1, 1.1, f64::NAN] {
        assert_eq!(refusal(&model(&[3], Output::Identity, vec![LayerConfig::dropout(rate)])).0, Code::Rate);
    }
}

fn site(layer: &LayerConfig) -> Option<u16> {
    match layer {
        LayerConfig::Dropout(dropout) => dropout.site,
        _ => None,
    }
}

#[test]
fn sites_are_ordinals_and_stay_when_a_layer_is_inserted() {
    let drop = || LayerConfig::dropout(0.5);
    let config = model(&[3], Output::Identity, vec![drop(), linear(3), drop()]).with_sites().unwrap();
    assert_eq!(config.layers.iter().map(site).collect::<Vec<_>>(), [Some(0), None, Some(1)]);
    let mut longer = config.clone();
    longer.layers.insert(1, drop());
    let longer = longer.with_sites().unwrap();
    assert_eq!(longer.layers.iter().map(site).collect::<Vec<_>>(), [Some(0), Some(2), None, Some(1)]);
}

#[test]
fn two_masks_cannot_share_a_site() {
    let drop = |site| {
        LayerConfig::Dropout(DropoutConfig {
            rate: 0.5,
            scaling: Default::default(),
            share: Share::None,
            site: Some(site),
        })
    };
    let error = model(&[3], Output::Identity, vec![drop(4), drop(4)]).check().unwrap_err();
    assert!(matches!(error, Error::Layer { index: 1, kind: "dropout", .. }), "{error}");
    assert!(error.to_string().contains("site 4, which layers[0] has already"), "{error}");
}

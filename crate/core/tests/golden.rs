//! The stream against values of an independent implementation (`data/golden.json`).

use inverted_dropout::isa::Isa;
use inverted_dropout::mask::{Attention, Exactly, Mask, Per, Structure, Structured};
use inverted_dropout::stream::bernoulli::{Keyed, keep_keyed};
use inverted_dropout::stream::{Address, Domain, Rate, normals, permutation, word};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn golden() -> Value {
    serde_json::from_str(include_str!("data/golden.json")).unwrap()
}

fn seed(value: &Value) -> u64 {
    value["seed"].as_str().unwrap().parse().unwrap()
}

fn address(value: &Value) -> Address {
    let word = |name: &str| value[name].as_u64().unwrap_or(0) as u32;
    Address {
        seed: seed(value),
        domain: serde_json::from_value(value["domain"].clone()).unwrap(),
        shared: value["shared"].as_bool().unwrap_or(false),
        site: word("site") as u16,
        step: word("step"),
        sample: word("sample"),
    }
}

fn mask(value: &Value) -> Mask {
    Mask { address: address(value), rate: Rate::new(value["rate"].as_f64().unwrap()).unwrap() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bits(value: &Value) -> Vec<u8> {
    let length = value["length"].as_u64().unwrap() as usize;
    let mut bits = vec![0; length.div_ceil(8)];
    mask(value).bits(value["start"].as_u64().unwrap_or(0), length, &mut bits).unwrap();
    bits
}

#[test]
fn masks() {
    let golden = golden();
    let masks = golden["masks"].as_array().unwrap();
    assert!(masks.len() >= 5);
    for value in masks {
        assert_eq!(hex(&bits(value)), value["keepBitsHex"], "{value}");
        let length = value["length"].as_u64().unwrap() as usize;
        assert_eq!(mask(value).count(value["start"].as_u64().unwrap(), length).unwrap(), value["kept"]);
    }
}

#[test]
fn long_masks_by_their_hash() {
    let golden = golden();
    let masks = golden["longMasks"].as_array().unwrap();
    assert!(!masks.is_empty());
    for value in masks {
        assert_eq!(hex(&Sha256::digest(bits(value))), value["sha256OfBytes"], "{value}");
    }
}

#[test]
fn a_mask_shared_by_all_rows() {
    let golden = golden();
    assert_eq!(hex(&bits(&golden["shared"])), golden["shared"]["keepBitsHex"]);
}

#[test]
fn a_permutation() {
    let value = &golden()["permutation"];
    let address = Address {
        seed: seed(value),
        domain: Domain::Shuffle,
        step: value["epoch"].as_u64().unwrap() as u32,
        ..Address::default()
    };
    let mut order = Vec::new();
    permutation(&address, value["rows"].as_u64().unwrap() as usize, &mut order);
    assert_eq!(serde_json::to_value(order).unwrap(), value["permutation"]);
}

#[test]
fn normals_and_their_words() {
    let value = &golden()["normals"];
    let address = address(value);
    for (index, expected) in value["words"].as_array().unwrap().iter().enumerate() {
        assert_eq!(u64::from(word(&address, index as u64)), expected.as_u64().unwrap());
    }
    let expected: Vec<f64> = serde_json::from_value(value["normals"].clone()).unwrap();
    let mut got = vec![0.0; expected.len()];
    normals(&address, &mut got);
    for (got, expected) in got.iter().zip(&expected) {
        assert!(
            (f64::from(*got) - expected).abs() <= value["tolerance"].as_f64().unwrap(),
            "{got} {expected}"
        );
    }
}

/// The packed bits of one sample of a structured mask.
fn structured(value: &Value, structure: Structure) -> String {
    let mask = Structured { address: address(value), structure };
    let mut bits = vec![0; mask.elements().div_ceil(8)];
    mask.bits(&[mask.address.sample], &mut bits).unwrap();
    hex(&bits)
}

#[test]
fn exactly_k_of_n() {
    let value = &golden()["exactly"];
    let count = |name: &str| value[name].as_u64().unwrap() as usize;
    let exactly = Exactly::new(count("drop"), count("size")).unwrap();
    assert_eq!(structured(value, Structure::Exactly(exactly)), value["keepBitsHex"]);
}

#[test]
fn attention_weights() {
    let value = &golden()["attention"];
    let shape = ["heads", "queries", "keys"].map(|name| value[name].as_u64().unwrap() as usize);
    let shape = Attention::new(Per::Element, shape, false).unwrap();
    let rate = Rate::new(value["rate"].as_f64().unwrap()).unwrap();
    assert_eq!(structured(value, Structure::Attention { rate, shape }), value["keepBitsHex"]);
}

#[test]
fn graphs() {
    let value = &golden()["graph"];
    let rate = Rate::new(value["rate"].as_f64().unwrap()).unwrap();
    let kept = |kind: Keyed, keys: &[[u32; 2]]| -> Vec<u64> {
        let mut words = vec![0; keys.len().div_ceil(64)];
        keep_keyed(Isa::active().unwrap(), &address(value), rate, kind, keys, &mut words);
        (0..keys.len()).map(|i| words[i / 64] >> (i % 64) & 1).collect()
    };
    let expected = |name: &str| -> Vec<u64> {
        value[name].as_array().unwrap().iter().map(|bit| bit.as_u64().unwrap()).collect()
    };
    let edges: Vec<[u32; 2]> = serde_json::from_value(value["edges"].clone()).unwrap();
    let ordered: Vec<[u32; 2]> = edges.iter().map(|&[a, b]| [a.min(b), a.max(b)]).collect();
    assert_eq!(kept(Keyed::UndirectedEdge, &ordered), expected("undirectedKept"));
    assert_eq!(kept(Keyed::DirectedEdge, &edges), expected("directedKept"));
    let ids: Vec<String> = serde_json::from_value(value["edgeIds"].clone()).unwrap();
    let ids: Vec<[u32; 2]> =
        ids.iter().map(|id| id.parse::<u64>().unwrap()).map(|id| [id as u32, (id >> 32) as u32]).collect();
    assert_eq!(kept(Keyed::EdgeId, &ids), expected("byEdgeIdKept"));
    let nodes: Vec<[u32; 2]> = (0..expected("nodesKept").len() as u32).map(|node| [node, 0]).collect();
    assert_eq!(kept(Keyed::Node, &nodes), expected("nodesKept"));
}

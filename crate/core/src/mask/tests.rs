//! Bits and counts of ranges against the reference, and the written form of a recipe.

use proptest::prelude::*;

use super::*;
use crate::error::Code;
use crate::stream::bernoulli::testing::{addresses, rates};
use crate::stream::{Address, Rate, reference};

proptest! {
    #[test]
    fn any_range_equals_the_reference(
        address in addresses(),
        rate in rates(),
        start in prop_oneof![0..1000u64, MAX_LANES - 30_000..MAX_LANES - 20_000],
        length in prop_oneof![0..300usize, 8000..20_000usize],
    ) {
        let mask = Mask { address, rate };
        let mut bits = vec![0xaa; length.div_ceil(8)];
        mask.bits(start, length, &mut bits).unwrap();
        let kept: Vec<bool> =
            (0..length).map(|i| reference::keep_lane(&address, start + i as u64, rate)).collect();
        for i in 0..8 * bits.len() {
            let expected = kept.get(i).copied().unwrap_or(false);
            prop_assert_eq!(bits[i / 8] >> (i % 8) & 1 == 1, expected, "bit {}", i);
        }
        let count = kept.iter().filter(|kept| **kept).count() as u64;
        prop_assert_eq!(mask.count(start, length).unwrap(), count);
    }

    #[test]
    fn a_recipe_survives_being_written(address in addresses(), rate in 0.0..=1.0) {
        let mask = Mask { address, rate: Rate::new(rate).unwrap() };
        let written = serde_json::to_string(&mask).unwrap();
        prop_assert_eq!(serde_json::from_str::<Mask>(&written).unwrap(), mask);
    }
}

#[test]
fn the_written_form_is_the_documented_one() {
    let mask = Mask { address: Address { seed: 42, ..Address::default() }, rate: Rate::new(0.5).unwrap() };
    let written =
        r#"{"streamVersion":1,"rate":0.5,"seed":"42","site":0,"domain":"user","step":0,"sample":0}"#;
    assert_eq!(serde_json::to_string(&mask).unwrap(), written);
}

#[test]
fn what_cannot_be_a_recipe_is_refused() {
    let recipe = |version: u32, rate: &str, seed: &str, more: &str| {
        let text = format!(
            r#"{{"streamVersion":{version},"rate":{rate},"seed":"{seed}","site":0,"domain":"user","step":0,"sample":0{more}}}"#
        );
        serde_json::from_str::<Mask>(&text).map_err(|error| error.to_string())
    };
    assert!(recipe(1, "0.5", "18446744073709551615", "").is_ok());
    assert!(recipe(2, "0.5", "1", "").unwrap_err().contains("`streamVersion` must be 1"));
    assert!(recipe(1, "1.5", "1", "").unwrap_err().contains("`rate` must be a number in [0, 1]; got 1.5"));
    assert!(recipe(1, "0.5", "18446744073709551616", "").unwrap_err().contains("`seed`"));
    assert!(recipe(1, "0.5", "1", r#","sede":1"#).unwrap_err().contains("sede"));
}

#[test]
fn lanes_past_the_last_are_refused() {
    let mask = Mask { address: Address::default(), rate: Rate::new(0.5).unwrap() };
    assert!(mask.count(MAX_LANES - 8, 8).is_ok());
    assert_eq!(mask.count(MAX_LANES - 8, 9).unwrap_err().code(), Code::Range);
    assert_eq!(mask.count(u64::MAX, 2).unwrap_err().code(), Code::Range);
    assert_eq!(mask.bits(0, 9, &mut [0]).unwrap_err().code(), Code::Shape);
}

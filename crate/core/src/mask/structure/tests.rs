//! Drawn rows against the reference, lane by lane.

use proptest::prelude::*;

use super::writer::bit;
use super::*;
use crate::stream::bernoulli::testing::addresses;
use crate::stream::{key64, reference};

proptest! {
    #[test]
    fn channels_drop_whole(
        address in addresses(),
        rate in 0.0..=1.0,
        ids in prop::collection::vec(any::<u32>(), 0..5),
        (channels, positions) in (1..300usize, 1..50usize),
        last in any::<bool>(),
    ) {
        let rate = Rate::new(rate).unwrap();
        let (shape, noise) = match last {
            false => ([channels, positions], [channels, 1]),
            true => ([positions, channels], [1, channels]),
        };
        let shape = Broadcast::new(&shape, &noise).unwrap();
        let mask = Structured { address, structure: Structure::Broadcast { rates: Rates::One(rate), shape } };
        let each = words_per_row(mask.elements());
        let mut out = vec![!0; ids.len() * each];
        mask.draw(&ids, Steps::One(address.step), &mut Scratch::default(), &mut out).unwrap();
        for (row, &id) in ids.iter().enumerate() {
            for element in 0..channels * positions {
                let channel = if last { element % channels } else { element / positions };
                let expected = reference::keep_lane(&address.with_sample(id), channel as u64, rate);
                prop_assert_eq!(bit(&out[row * each..], element), expected);
            }
        }
        prop_assert_eq!(
            mask.count(&ids).unwrap(),
            out.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()
        );
    }

    #[test]
    fn every_feature_drops_at_its_own_rate(
        address in addresses(),
        rates in prop::collection::vec(0.0..=1.0f64, 1..40),
        (times, shared) in (1..9usize, any::<bool>()),
        ids in prop::collection::vec(any::<u32>(), 0..4),
    ) {
        let rates: Vec<Rate> = rates.into_iter().map(|rate| Rate::new(rate).unwrap()).collect();
        let features = rates.len();
        let noise = [if shared { 1 } else { times }, features];
        let shape = Broadcast::new(&[times, features], &noise).unwrap();
        let each = Rates::each(rates.clone(), shape.lanes()).unwrap();
        let mask = Structured { address, structure: Structure::Broadcast { rates: each, shape } };
        let row = words_per_row(mask.elements());
        let mut out = vec![!0; ids.len() * row];
        mask.draw(&ids, Steps::One(address.step), &mut Scratch::default(), &mut out).unwrap();
        let factors = mask.position_factors().unwrap();
        for element in 0..times * features {
            let rate = rates[element % features];
            prop_assert_eq!(factors[element], rate.inverse_keep());
            let lane = if shared { element % features } else { element };
            for (at, &id) in ids.iter().enumerate() {
                let expected = reference::keep_lane(&address.with_sample(id), lane as u64, rate);
                prop_assert_eq!(bit(&out[at * row..], element), expected);
            }
        }
    }

    #[test]
    fn exactly_so_many_drop_and_those_with_the_smallest_keys(
        address in addresses(), size in 0..400usize, share in 0.0..=1.0f64, id in any::<u32>(),
    ) {
        let drop = (share * size as f64) as usize;
        let mask = Structured { address, structure: Structure::Exactly(Exactly::new(drop, size).unwrap()) };
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by_key(|&lane| (key64(&address.with_sample(id), lane as u64), lane));
        let mut out = vec![0; words_per_row(size)];
        mask.draw(&[id], Steps::One(address.step), &mut Scratch::default(), &mut out).unwrap();
        for (rank, lane) in order.into_iter().enumerate() {
            prop_assert_eq!(bit(&out, lane), rank >= drop);
        }
        prop_assert_eq!(mask.count(&[id]).unwrap(), (size - drop) as u64);
    }

    #[test]
    fn bits_are_the_rows_without_gaps(ids in prop::collection::vec(any::<u32>(), 0..5), size in 0..200usize) {
        let structure = Structure::Exactly(Exactly::new(size / 3, size).unwrap());
        let mask = Structured { address: Address::default(), structure };
        let mut bits = vec![0xaa; (ids.len() * size).div_ceil(8)];
        mask.bits(&ids, &mut bits).unwrap();
        let mut row_bits = vec![0; size.div_ceil(8)];
        for (row, id) in ids.iter().enumerate() {
            mask.bits(&[*id], &mut row_bits).unwrap();
            for element in 0..size {
                let at = row * size + element;
                prop_assert_eq!(bits[at / 8] >> (at % 8) & 1, row_bits[element / 8] >> (element % 8) & 1);
            }
        }
        prop_assert!(mask.bits(&ids, &mut vec![0; bits.len() + 1]).is_err());
    }
}

proptest! {
    #[test]
    fn attention_weights_drop_by_head_query_and_key(
        address in addresses(),
        rate in 0.0..=1.0,
        (heads, queries, keys) in (1..4usize, 1..6usize, 1..300usize),
        per in prop_oneof![Just(Per::Element), Just(Per::Key), Just(Per::Row), Just(Per::Head)],
        shared_by_heads in any::<bool>(),
    ) {
        let rate = Rate::new(rate).unwrap();
        let shape = Attention::new(per, [heads, queries, keys], shared_by_heads).unwrap();
        let mask = Structured { address, structure: Structure::Attention { rate, shape } };
        let mut out = vec![0; words_per_row(mask.elements())];
        let ids = [address.sample];
        mask.draw(&ids, Steps::One(address.step), &mut Scratch::default(), &mut out).unwrap();
        for element in 0..mask.elements() {
            let (head, query, key) = (element / keys / queries, element / keys % queries, element % keys);
            let drawn_head = if shared_by_heads { 0 } else { head };
            let (group, lane) = match per {
                Per::Element => (head << 24 | query << 10 | key >> 7, key & 127),
                Per::Key => (drawn_head << 24 | key >> 7, key & 127),
                Per::Row => (drawn_head << 24 | query >> 7, query & 127),
                Per::Head => (0, head),
            };
            let expected = reference::keep_group(&address, group as u32, rate) >> lane & 1 == 1;
            prop_assert_eq!(bit(&out, element), expected, "{} {} {}", head, query, key);
        }
    }
}

#[test]
fn attention_shapes_the_stream_cannot_address_are_refused() {
    for shape in [[257, 1, 1], [1, MAX_QUERIES + 1, 1], [1, 1, MAX_KEYS + 1]] {
        assert_eq!(Attention::new(Per::Element, shape, false).unwrap_err().code(), Code::Range);
    }
    assert!(Attention::new(Per::Key, [1, MAX_QUERIES + 1, MAX_KEYS + 1], false).is_ok());
}

#[test]
fn rates_and_factors_are_exact() {
    let mask = |drop, size| {
        let structure = Structure::Exactly(Exactly::new(drop, size).unwrap());
        let mask = Structured { address: Address::default(), structure };
        (mask.expected_rate(), mask.inverse_keep())
    };
    assert_eq!(mask(1, 4), (0.25, 4.0 / 3.0));
    assert_eq!(mask(0, 4), (0.0, 1.0));
    assert_eq!(mask(4, 4), (1.0, 0.0));
    assert_eq!(mask(0, 0), (0.0, 0.0));
    assert!(Exactly::new(5, 4).unwrap_err().to_string().contains("`drop` must be a whole number in [0, 4]"));
}

//! Random addresses and rates for property tests.

use proptest::prelude::*;

use crate::stream::{Address, Domain, Rate};

/// Addresses with words at both ends of their range.
pub(crate) fn addresses() -> impl Strategy<Value = Address> {
    let words = || prop_oneof![Just(0u32), Just(u32::MAX), any::<u32>()];
    let domains =
        [Domain::User, Domain::Train, Domain::MonteCarlo, Domain::Init, Domain::Shuffle, Domain::Split];
    (any::<u64>(), 0..domains.len(), any::<bool>(), any::<u16>(), words(), words()).prop_map(
        move |(seed, domain, shared, site, step, sample)| Address {
            seed,
            domain: domains[domain],
            shared,
            site,
            step,
            sample,
        },
    )
}

/// Rates whose thresholds end in every plane, rates that need the low bits, and the ends.
pub(crate) fn rates() -> impl Strategy<Value = Rate> {
    let dyadic = (1u32..12)
        .prop_flat_map(|bits| (1..1u32 << bits).prop_map(move |n| f64::from(n) / f64::from(1 << bits)));
    let ends = prop_oneof![Just(0.0), Just(1.0), Just(0.5), Just(1e-6), Just(1.0 - 1e-6), Just(1e-18)];
    prop_oneof![ends, dyadic, 0.0..1.0].prop_map(|rate| Rate::new(rate).unwrap())
}

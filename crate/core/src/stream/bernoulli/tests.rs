//! Every back end, real and emulated, against the reference, bit for bit.

use proptest::prelude::*;

use super::testing::{addresses, rates};
use super::*;
use crate::simd::testing::BackEnd;
use crate::stream::reference;

fn reference_words(address: &Address, group: u32, rate: Rate) -> [u64; 2] {
    let keep = reference::keep_group(address, group, rate);
    [keep as u64, (keep >> 64) as u64]
}

proptest! {
    #[test]
    fn groups_equal_the_reference(
        address in addresses(),
        rate in rates(),
        first_group in prop_oneof![0..100u32, u32::MAX - 100..u32::MAX - 50],
        groups in 0..45u32,
    ) {
        let expected: Vec<u64> = (first_group..first_group + groups)
            .flat_map(|group| reference_words(&address, group, rate))
            .collect();
        let mut out = vec![0; expected.len()];
        if let Some(threshold) = Threshold::new(rate) {
            for back_end in BackEnd::all() {
                out.fill(0);
                back_end.run(KeepGroups { address: &address, threshold, first_group, out: &mut out });
                prop_assert_eq!(&out, &expected, "{:?}", back_end);
            }
        }
        keep_groups(Isa::Portable, &address, rate, first_group, &mut out);
        prop_assert_eq!(&out, &expected);
    }

    #[test]
    fn rows_equal_the_reference(
        address in addresses(),
        rate in rates(),
        width in prop_oneof![0..300usize, Just(128), Just(1)],
        rows in prop::collection::vec((any::<u32>(), any::<u32>()), 0..40),
        one_step in any::<bool>(),
    ) {
        let (ids, steps): (Vec<u32>, Vec<u32>) = rows.into_iter().unzip();
        let steps = if one_step { Steps::One(address.step) } else { Steps::PerRow(&steps) };
        let expected: Vec<u64> = (0..ids.len())
            .flat_map(|row| {
                let address = address.with_sample(ids[row]).with_step(steps.of(row));
                (0..width.div_ceil(GROUP)).flat_map(move |group| reference_words(&address, group as u32, rate))
            })
            .collect();
        let mut out = vec![0; expected.len()];
        if let Some(threshold) = Threshold::new(rate) {
            for back_end in BackEnd::all() {
                out.fill(0);
                let (address, ids) = (&address, &ids);
                let groups = row_groups(ids, steps, width);
                back_end.run(KeepListed { address, threshold, groups, out: &mut out });
                prop_assert_eq!(&out, &expected, "{:?}", back_end);
            }
        }
        keep_rows(Isa::Portable, &address, rate, &ids, steps, width, &mut out);
        prop_assert_eq!(&out, &expected);
    }
}

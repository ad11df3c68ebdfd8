//! Blocks against the definition, and the rates of the literature.

use proptest::prelude::*;

use super::*;
use crate::mask::{Scratch, Structure, Structured};
use crate::stream::bernoulli::testing::addresses;
use crate::stream::reference::keep_lane;

fn square(size: usize, block: usize, rate: f64, rule: Rule) -> Block {
    Block::new(BlockOptions {
        rate: Rate::new(rate).unwrap(),
        positions: vec![size, size],
        block: vec![block, block],
        channels: 1,
        layout: Layout::ChannelsFirst,
        shared_by_channels: false,
        border: Border::Valid,
        rule,
        scale: BlockScale::Sample,
    })
    .unwrap()
}

/// Whether a position drops: some seed's block covers it.
fn drops(block: &Block, address: &Address, map: usize, at: [usize; 3]) -> bool {
    let sizes = block.axes.map(|axis| axis.size);
    let reach = block.axes.map(|axis| axis.reach());
    let seeds = block.axes.map(|axis| axis.seeds());
    let range = |axis: usize| {
        let (below, above) = reach[axis];
        at[axis].saturating_sub(above)..(at[axis] + below + 1).min(seeds[axis])
    };
    range(0).any(|z| {
        range(1).any(|y| {
            range(2).any(|x| {
                let lane = ((map * sizes[0] + z) * sizes[1] + y) * sizes[2] + x;
                !keep_lane(address, lane as u64, block.gamma)
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_position_drops_where_a_block_covers_it(
        address in addresses(),
        rate in 0.0..=1.0f64,
        axes in prop::collection::vec((1..12usize, 1..8usize), 1..=3),
        wide in prop_oneof![3 => Just(0usize), 1 => 50..140usize],
        channels in prop_oneof![4 => 1..4usize, 1 => 60..70usize],
        last in any::<bool>(),
        shared_by_channels in any::<bool>(),
        clipped in any::<bool>(),
    ) {
        let mut positions: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        *positions.last_mut().unwrap() += wide;
        let block: Vec<usize> = axes.iter().zip(&positions).map(|(axis, size)| axis.1.min(*size)).collect();
        let block = Block::new(BlockOptions {
            rate: Rate::new(rate).unwrap(),
            positions: positions.clone(),
            block: block.clone(),
            channels,
            layout: if last { Layout::ChannelsLast } else { Layout::ChannelsFirst },
            shared_by_channels,
            border: if clipped { Border::Clipped } else { Border::Valid },
            rule: Rule::Exact,
            scale: BlockScale::Sample,
        })
        .unwrap();
        let mask = Structured { address, structure: Structure::Block(block.clone()) };
        let mut out = vec![0; words_per_row(mask.elements())];
        let ids = [address.sample];
        mask.draw(&ids, Steps::One(address.step), &mut Scratch::default(), &mut out).unwrap();
        let [_, height, width] = block.axes.map(|axis| axis.size);
        for element in 0..mask.elements() {
            let (channel, position) = match last {
                true => (element % channels, element / channels),
                false => (element / block.positions(), element % block.positions()),
            };
            let at = [position / width / height, position / width % height, position % width];
            let map = if shared_by_channels { 0 } else { channel };
            let kept = out[element / 64] >> (element % 64) & 1 == 1;
            prop_assert_eq!(!kept, drops(&block, &address, map, at), "channel {} at {:?}", channel, at);
        }
    }

    #[test]
    fn the_expected_rate_is_the_requested_one(
        rate in prop_oneof![0.0..=1.0f64, Just(1e-9), Just(1.0 - 1e-9)],
        axes in prop::collection::vec((1..40usize, 1..40usize), 1..=3),
        clipped in any::<bool>(),
    ) {
        let positions: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let block: Vec<usize> = axes.iter().map(|axis| axis.1.min(axis.0)).collect();
        let block = Block::new(BlockOptions {
            rate: Rate::new(rate).unwrap(),
            positions: positions.clone(),
            block: block.clone(),
            channels: 1,
            layout: Layout::ChannelsLast,
            shared_by_channels: true,
            border: if clipped { Border::Clipped } else { Border::Valid },
            rule: Rule::Exact,
            scale: BlockScale::Sample,
        })
        .unwrap();
        prop_assert!((block.expected_rate() - rate).abs() <= 1e-13, "{} for {}", block.expected_rate(), rate);
        let rates = block.position_rates();
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        prop_assert!((mean - rate).abs() <= 1e-12, "{} for {}", mean, rate);
    }
}

#[test]
fn the_papers_rule_drops_less_than_it_is_asked_to() {
    let near = |got: f64, expected: f64| assert!((got - expected).abs() < 5e-7, "{got} against {expected}");
    let block = square(7, 3, 0.25, Rule::Paper);
    near(block.seed_rate(), 0.054444);
    near(block.expected_rate(), 0.218545);
    let rates = block.position_rates();
    near(rates[0], 0.054444);
    near((rates[24] * 1e5).round() / 1e5, 0.39580);
    for (rate, realised) in [(0.1, 0.092940), (0.25, 0.209519), (0.5, 0.358184)] {
        near(square(14, 7, rate, Rule::Paper).expected_rate(), realised);
    }
}

#[test]
fn a_block_as_large_as_the_map_and_one_of_a_position_need_no_correction() {
    for rule in [Rule::Exact, Rule::Paper] {
        for (size, block) in [(5, 5), (5, 1)] {
            assert!((square(size, block, 0.3, rule).seed_rate() - 0.3).abs() < 1e-15);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let options = |positions: &[usize], block: &[usize]| BlockOptions {
        rate: Rate::ZERO,
        positions: positions.to_vec(),
        block: block.to_vec(),
        channels: 1,
        layout: Layout::ChannelsLast,
        shared_by_channels: true,
        border: Border::Valid,
        rule: Rule::Exact,
        scale: BlockScale::Sample,
    };
    assert!(Block::new(options(&[4], &[4])).is_ok());
    for (positions, block) in
        [(&[4][..], &[5][..]), (&[4], &[0]), (&[4], &[1, 1]), (&[], &[]), (&[4, 0], &[1, 1])]
    {
        assert_eq!(Block::new(options(positions, block)).unwrap_err().code(), Code::Shape);
    }
}

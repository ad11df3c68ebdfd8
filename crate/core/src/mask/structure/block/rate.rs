//! How often a position drops, and the seed rate that makes it so often.

use std::collections::BTreeMap;

use super::Border;

/// One axis of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) size: usize,
    pub(super) block: usize,
    pub(super) border: Border,
}

impl Axis {
    /// Positions that a block reaches below and above its seed.
    pub(super) fn reach(&self) -> (usize, usize) {
        match self.border {
            Border::Valid => (0, self.block - 1),
            Border::Clipped => ((self.block - 1) / 2, self.block / 2),
        }
    }

    /// Seeds there can be: positions `0..seeds`.
    pub(super) fn seeds(&self) -> usize {
        match self.border {
            Border::Valid => self.size + 1 - self.block,
            Border::Clipped => self.size,
        }
    }

    /// How many seeds' blocks cover a position.
    pub(super) fn covering(&self, position: usize) -> usize {
        let (below, above) = self.reach();
        let first = position.saturating_sub(above);
        let last = (position + below).min(self.seeds() - 1);
        (last + 1).saturating_sub(first)
    }

    /// How many positions are covered by how many seeds. Away from both borders all have as many, so that only those
    /// nearer than a block are looked at.
    fn coverage(&self) -> BTreeMap<u64, f64> {
        let near = self.block.min(self.size);
        let far = self.size - near.min(self.size - near);
        let mut counts = BTreeMap::new();
        for position in (0..near).chain(far.max(near)..self.size) {
            *counts.entry(self.covering(position) as u64).or_insert(0.0) += 1.0;
        }
        if far > near {
            *counts.entry(self.covering(near) as u64).or_insert(0.0) += (far - near) as f64;
        }
        counts
    }
}

/// How many positions of the map are covered by how many seeds: pairs (seeds, positions).
pub(super) fn coverage(axes: &[Axis; 3]) -> Vec<(u64, f64)> {
    let mut counts = BTreeMap::from([(1, 1.0)]);
    for axis in axes {
        let own = axis.coverage();
        let mut product = BTreeMap::new();
        for (seeds, positions) in counts {
            for (more, times) in &own {
                *product.entry(seeds * more).or_insert(0.0) += positions * times;
            }
        }
        counts = product;
    }
    counts.into_iter().collect()
}

/// 1 - (1 - gamma)^seeds, without losing small rates to rounding.
pub(super) fn dropped(gamma: f64, seeds: u64) -> f64 {
    if gamma >= 1.0 { f64::from(seeds > 0) } else { -(seeds as f64 * (-gamma).ln_1p()).exp_m1() }
}

/// The expected share of dropped positions.
pub(super) fn realised(gamma: f64, coverage: &[(u64, f64)]) -> f64 {
    let positions: f64 = coverage.iter().map(|(_, positions)| positions).sum();
    coverage.iter().map(|&(seeds, positions)| positions * dropped(gamma, seeds)).sum::<f64>() / positions
}

/// The seed rate at which the expected share of dropped positions is `rate`.
///
/// The share grows with gamma, from 0 to 1; it is found by bisection down to neighbouring doubles.
pub(super) fn solve(rate: f64, coverage: &[(u64, f64)]) -> f64 {
    if rate == 0.0 || rate == 1.0 {
        return rate;
    }
    let (mut low, mut high) = (0.0f64, 1.0f64);
    loop {
        // Halfway between the bit patterns: as many steps for a rate of 1e-12 as for 0.5.
        let middle = f64::from_bits(low.to_bits() + (high.to_bits() - low.to_bits()) / 2);
        if middle == low {
            return if rate - realised(low, coverage) < realised(high, coverage) - rate { low } else { high };
        }
        if realised(middle, coverage) < rate { low = middle } else { high = middle }
    }
}

/// Ghiasi et al. 2018, equation 1: p / block^d, times positions over valid seeds.
pub(super) fn paper(rate: f64, axes: &[Axis; 3]) -> f64 {
    let factor = |axis: &Axis| axis.size as f64 / (axis.block * (axis.size + 1 - axis.block)) as f64;
    (rate * axes.iter().map(factor).product::<f64>()).min(1.0)
}

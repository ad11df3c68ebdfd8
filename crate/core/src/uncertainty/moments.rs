//! Means and variances over passes, in one sweep, mergeable.

/// Count, means and sums of squared deviations of a number of quantities.
///
/// Welford's recurrence (1962) in double precision: no cancellation, however large the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Nothing yet about `width` quantities.
    pub fn new(width: usize) -> Self {
        Moments { count: 0, mean: vec![0.0; width], squares: vec![0.0; width] }
    }

    /// How many samples were taken in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes in a sample: a value of each quantity.
    ///
    /// # Panics
    /// If `sample` has another width.
    pub fn add(&mut self, sample: &[f64]) {
        assert_eq!(sample.len(), self.mean.len());
        self.count += 1;
        let part = 1.0 / self.count as f64;
        for ((mean, squares), &value) in self.mean.iter_mut().zip(&mut self.squares).zip(sample) {
            let before = value - *mean;
            *mean += before * part;
            *squares += before * (value - *mean);
        }
    }

    /// Takes in all samples of `other` (Chan, Golub & LeVeque 1979).
    ///
    /// # Panics
    /// If `other` has another width.
    pub fn merge(&mut self, other: &Moments) {
        assert_eq!(other.mean.len(), self.mean.len());
        let count = self.count + other.count;
        if other.count == 0 {
            return;
        }
        let part = other.count as f64 / count as f64;
        let weight = self.count as f64 * part;
        for i in 0..self.mean.len() {
            let distance = other.mean[i] - self.mean[i];
            self.mean[i] += distance * part;
            self.squares[i] += other.squares[i] + distance * distance * weight;
        }
        self.count = count;
    }

    /// The quantities of several sets of as many samples, one set after another.
    pub(super) fn side_by_side(sets: impl Iterator<Item = Moments>) -> Moments {
        let mut all = Moments::new(0);
        for set in sets {
            all.count = set.count;
            all.mean.extend(set.mean);
            all.squares.extend(set.squares);
        }
        all
    }

    /// The mean of each quantity; 0 before the first sample.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased variance of each quantity (divided by count - 1); NaN before the second sample.
    pub fn variance(&self) -> impl Iterator<Item = f64> + '_ {
        let freedom = if self.count > 1 { (self.count - 1) as f64 } else { f64::NAN };
        self.squares.iter().map(move |squares| squares / freedom)
    }
}

/// Moments of numbered blocks, merged so that the result does not depend on how the blocks were shared out.
///
/// Floating-point sums depend on their order. Here the order is fixed by the blocks' numbers alone: a block and
/// its sibling (2k and 2k + 1) merge first, then the pairs with theirs, as in a knock-out tournament. A range of
/// blocks is kept as the complete subtrees it consists of, at most two for each level, so ranges that were
/// gathered elsewhere can be joined and the bits stay those of one sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockMoments {
    first: u64,
    end: u64,
    subtrees: Vec<Subtree>,
}

/// The blocks `index * 2^level .. (index + 1) * 2^level`.
#[derive(Clone, Debug, PartialEq)]
struct Subtree {
    level: u32,
    index: u64,
    moments: Moments,
}

impl BlockMoments {
    /// No blocks yet; the next one is number `first`.
    pub fn starting_at(first: u64) -> Self {
        BlockMoments { first, end: first, subtrees: Vec::new() }
    }

    /// Takes in the next block.
    pub fn push(&mut self, block: Moments) {
        self.join(Subtree { level: 0, index: self.end, moments: block });
        self.end += 1;
    }

    /// Takes in the blocks that follow these.
    ///
    /// # Panics
    /// If `next` does not start where these end.
    pub fn append(&mut self, next: BlockMoments) {
        assert_eq!(next.first, self.end, "ranges of blocks are joined in order");
        for subtree in next.subtrees {
            self.join(subtree);
        }
        self.end = next.end;
    }

    fn join(&mut self, mut subtree: Subtree) {
        while let Some(sibling) = self.subtrees.pop_if(|last| last.is_left_sibling_of(&subtree)) {
            let mut moments = sibling.moments;
            moments.merge(&subtree.moments);
            subtree = Subtree { level: subtree.level + 1, index: subtree.index / 2, moments };
        }
        self.subtrees.push(subtree);
    }

    /// The moments of all blocks; `None` if there are none.
    pub fn total(&self) -> Option<Moments> {
        let mut subtrees = self.subtrees.iter().rev();
        let last = subtrees.next()?.moments.clone();
        Some(subtrees.fold(last, |right, left| {
            let mut moments = left.moments.clone();
            moments.merge(&right);
            moments
        }))
    }
}

impl Subtree {
    fn is_left_sibling_of(&self, other: &Subtree) -> bool {
        self.level == other.level && self.index.is_multiple_of(2) && self.index + 1 == other.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(i: u64) -> [f64; 2] {
        [(i as f64 * 0.7).sin(), 1e6 + (i as f64 * 1.3).cos()]
    }

    fn block(number: u64) -> Moments {
        let mut moments = Moments::new(2);
        (number * 3..number * 3 + 3).for_each(|i| moments.add(&sample(i)));
        moments
    }

    #[test]
    fn equal_the_two_pass_formulas() {
        let mut moments = Moments::new(2);
        let samples: Vec<_> = (0..100).map(sample).collect();
        samples.iter().for_each(|sample| moments.add(sample));
        for i in 0..2 {
            let mean = samples.iter().map(|sample| sample[i]).sum::<f64>() / 100.0;
            let variance = samples.iter().map(|sample| (sample[i] - mean).powi(2)).sum::<f64>() / 99.0;
            assert!((moments.mean()[i] - mean).abs() < 1e-9);
            assert!((moments.variance().nth(i).unwrap() - variance).abs() < 1e-9);
        }
    }

    #[test]
    fn merging_equals_taking_in_one_by_one() {
        let (mut merged, mut whole) = (Moments::new(2), Moments::new(2));
        for number in 0..7 {
            merged.merge(&block(number));
        }
        (0..21).for_each(|i| whole.add(&sample(i)));
        assert_eq!(merged.count(), 21);
        for i in 0..2 {
            assert!((merged.mean()[i] - whole.mean()[i]).abs() < 1e-9);
            let (a, b) = (merged.variance().nth(i).unwrap(), whole.variance().nth(i).unwrap());
            assert!((a - b).abs() < 1e-9);
        }
        assert!(block(0).variance().all(|variance| variance > 0.0));
        assert!(Moments::new(1).variance().all(f64::is_nan));
    }

    #[test]
    fn bits_do_not_depend_on_how_blocks_are_shared_out() {
        let range = |from: u64, to: u64| {
            let mut blocks = BlockMoments::starting_at(from);
            (from..to).for_each(|number| blocks.push(block(number)));
            blocks
        };
        for count in 1..=13 {
            let whole = range(0, count).total().unwrap();
            for first in 0..=count {
                for second in first..=count {
                    let mut parts = range(0, first);
                    let mut rest = range(first, second);
                    rest.append(range(second, count));
                    parts.append(rest);
                    assert_eq!(parts.total().unwrap(), whole, "{count} blocks cut at {first} and {second}");
                }
            }
        }
        assert!(BlockMoments::starting_at(3).total().is_none());
    }
}

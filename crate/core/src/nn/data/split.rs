//! Holding rows out for validation.

use super::{Dataset, Targets};
use crate::error::{Code, Error, Result};
use crate::stream::{Address, Domain, permutation};

/// Splits the rows of `data` at random into those to train on and those held out, each in ascending order.
///
/// `fraction` of the rows are held out, rounded to the nearest row. With class indices as targets every class
/// gives its share, to within a row. The split is a pure function of the seed and the number of rows (and the
/// classes): stream domain `split`, step 0.
///
/// # Errors
/// `ERR_RANGE` unless `fraction` is in (0, 1) and leaves a row on each side.
pub(crate) fn hold_out(data: &Dataset, fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>)> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::argument(Code::Range, "validationSplit", fraction, "a number in (0, 1)"));
    }
    let address = Address { seed, domain: Domain::Split, ..Address::default() };
    let mut order = Vec::new();
    permutation(&address, data.rows, &mut order);
    if let Targets::Classes(classes) = &data.y {
        order.sort_by_key(|&row| classes[row as usize]); // stable: random within a class
    }
    // Rows are held out at even distances along the order, so every stretch of it gives its share.
    let held = |count: usize| (count as f64 * fraction).round();
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for (position, &row) in order.iter().enumerate() {
        let part = if held(position + 1) > held(position) { &mut validation } else { &mut train };
        part.push(row);
    }
    if train.is_empty() || validation.is_empty() {
        return Err(Error::argument(
            Code::Range,
            "validationSplit",
            format!("{fraction} of {} rows", data.rows),
            "a fraction that leaves at least one row for training and one for validation",
        ));
    }
    train.sort_unstable();
    validation.sort_unstable();
    Ok((train, validation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(rows: usize, classes: Option<fn(usize) -> u32>) -> Dataset {
        let y = match classes {
            Some(class) => Targets::Classes((0..rows).map(class).collect()),
            None => Targets::Values { values: vec![0.0; rows], width: 1 },
        };
        Dataset::new(vec![0.0; rows], rows, y)
    }

    #[test]
    fn parts_are_disjoint_complete_and_of_the_right_size() {
        for classes in [None, Some((|row| (row % 3 == 0) as u32) as fn(usize) -> u32)] {
            let (train, validation) = hold_out(&data(101, classes), 0.2, 9).unwrap();
            assert_eq!((train.len(), validation.len()), (81, 20));
            let mut all = [train, validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..101).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn every_class_gives_its_share() {
        // 90 rows of class 0, 10 of class 1.
        let data = data(100, Some(|row| (row % 10 == 9) as u32));
        for seed in 0..20 {
            let (_, validation) = hold_out(&data, 0.3, seed).unwrap();
            let rare = validation.iter().filter(|&&row| row % 10 == 9).count();
            assert_eq!(rare, 3, "seed {seed}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let data = data(50, None);
        let held = |seed| hold_out(&data, 0.5, seed).unwrap().1;
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
    }

    #[test]
    fn what_leaves_a_side_empty_is_refused() {
        for (rows, fraction) in [(10, 0.0), (10, 1.0), (10, f64::NAN), (10, 0.01), (1, 0.5), (10, 0.99)] {
            let error = hold_out(&data(rows, None), fraction, 1).unwrap_err();
            assert_eq!(error.code(), Code::Range, "{fraction} of {rows}");
        }
    }
}

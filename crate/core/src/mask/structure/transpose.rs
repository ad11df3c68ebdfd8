//! Bits of 64 rows turned into bits of 64 columns.

/// Bit `c` of word `r` becomes bit `r` of word `c`.
///
/// Squares of half the size change places across the diagonal, then squares of a quarter within each of them, and so on.
pub(crate) fn transpose(bits: &mut [u64; 64]) {
    let mut size = 32;
    let mut lower = u64::from(u32::MAX);
    while size > 0 {
        let mut row = 0;
        while row < 64 {
            let swapped = (bits[row] >> size ^ bits[row + size]) & lower;
            bits[row + size] ^= swapped;
            bits[row] ^= swapped << size;
            // The rows whose bit of `size` is clear, in turn.
            row = (row + size + 1) & !size;
        }
        size /= 2;
        lower ^= lower << size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let mut bits: [u64; 64] = std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let before = bits;
        transpose(&mut bits);
        for (r, row) in before.iter().enumerate() {
            for (c, column) in bits.iter().enumerate() {
                assert_eq!(row >> c & 1, column >> r & 1, "row {r}, column {c}");
            }
        }
    }
}

//! The innermost loop of the products that are made in registers.

use super::Full;

/// Where the two sides of a product lie, in elements.
#[derive(Clone, Copy)]
pub(crate) struct Lines<const M: usize> {
    /// The first element of each row of the left side: with a pointer for each, compilers address them by one common
    /// offset. Distances between rows they add up, one after another, and the products wait for the sums.
    pub(crate) left: [*const f32; M],
    /// From one element of a row of the left side to the next.
    pub(crate) left_by_depth: usize,
    /// The first row of the right side.
    pub(crate) right: *const f32,
    /// From one row of the right side to the next.
    pub(crate) right_by_depth: usize,
}

/// Adds a product to sums: `M` rows of `N` registers, which stay in registers over the whole depth. Each sum is one chain
/// of fused multiply-adds in the order of the depth.
///
/// # Safety
/// The machine must have the instructions of `V`, and both sides `depth` elements where `lines` says.
#[inline(always)]
pub(crate) unsafe fn multiply<V: Full, const M: usize, const N: usize>(
    mut sums: [[V::Floats; N]; M],
    lines: Lines<M>,
    depth: usize,
) -> [[V::Floats; N]; M] {
    let Lines { left, mut right, .. } = lines;
    let mut offset = 0;
    // SAFETY: as the caller guarantees.
    unsafe {
        for _ in 0..depth {
            let mut row = [V::splat_floats(0.0); N];
            for (register, row) in row.iter_mut().enumerate() {
                *row = V::load_floats(right.add(register * V::FLOATS));
            }
            for (&left, sums) in left.iter().zip(&mut sums) {
                let left = V::splat_floats(*left.add(offset));
                for (sum, &right) in sums.iter_mut().zip(&row) {
                    *sum = V::mul_add(left, right, *sum);
                }
            }
            offset = offset.wrapping_add(lines.left_by_depth);
            right = right.wrapping_add(lines.right_by_depth);
        }
    }
    sums
}

//! Normal numbers of a stream: Box-Muller on pairs of words.

use super::Address;
use super::words::{block, uniform_f32};
use crate::isa::{Isa, Kernel, dispatch};
use crate::math;

/// The normal numbers of lanes 2j and 2j + 1 from words 2j and 2j + 1: sqrt(-2 ln u) times the cosine and the
/// sine of the angle 2 pi (second >> 8) / 2^24.
#[inline(always)]
pub fn normal_pair(first: u32, second: u32) -> (f32, f32) {
    let radius = (-2.0 * math::ln(uniform_f32(first))).sqrt();
    let (sin, cos) = math::sin_cos_turns(second >> 8);
    (radius * cos, radius * sin)
}

/// Fills `out` with standard normal numbers: lane i of the stream is `out[i]`.
///
/// Box & Muller 1958. In single precision; u is at least 2^-33, so no value exceeds 6.77 in magnitude.
///
/// # Panics
/// From lane 2^34 on, where the stream ends.
pub fn normals(address: &Address, out: &mut [f32]) {
    normals_from(address, 0, out);
}

/// As [`normals`], from lane `first` on, a multiple of 4.
pub(crate) fn normals_from(address: &Address, first: u64, out: &mut [f32]) {
    assert!(first.is_multiple_of(4), "normal numbers are drawn in groups of 4");
    // The bits are the same on every instruction set, so one that is forced and missing, which the kernels
    // report, need not fail here.
    dispatch(Isa::active().unwrap_or(Isa::Portable), Normals { address, first_group: first / 4, out });
}

struct Normals<'a> {
    address: &'a Address,
    first_group: u64,
    out: &'a mut [f32],
}

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (group, lanes) in self.out.chunks_mut(4).enumerate() {
            let [a, b, c, d] = block(self.address, self.first_group + group as u64);
            let (n0, n1) = normal_pair(a, b);
            let (n2, n3) = normal_pair(c, d);
            lanes.copy_from_slice(&[n0, n1, n2, n3][..lanes.len()]);
        }
    }
}

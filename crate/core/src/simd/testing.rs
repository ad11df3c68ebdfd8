//! Every way a kernel can run on this machine, real or emulated.

use super::neon::Neon;
use super::{Emulated, VectorKernel, run};
use crate::isa::Isa;

/// A back end in a test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BackEnd {
    /// A real one.
    Real(Isa),
    /// Arrays of 2, 4 or 8 lanes.
    Emulated(usize),
    /// The file of NEON intrinsics, over the model of them on machines of another kind.
    Neon,
}

impl BackEnd {
    pub(crate) fn all() -> Vec<BackEnd> {
        let emulated = [2, 4, 8].map(BackEnd::Emulated);
        let real = Isa::available().into_iter().map(BackEnd::Real);
        real.chain(emulated).chain([BackEnd::Neon]).collect()
    }

    pub(crate) fn run<K: VectorKernel>(self, kernel: K) -> K::Output {
        // SAFETY: emulated vectors need no instruction set, modelled ones neither, and real NEON is always
        // there where it is not modelled.
        unsafe {
            match self {
                BackEnd::Real(isa) => run(isa, kernel),
                BackEnd::Emulated(2) => kernel.run::<Emulated<2>>(),
                BackEnd::Emulated(8) => kernel.run::<Emulated<8>>(),
                BackEnd::Emulated(_) => kernel.run::<Emulated<4>>(),
                BackEnd::Neon => kernel.run::<Neon>(),
            }
        }
    }
}

#[test]
fn which_back_ends_this_run_covers() {
    let all = BackEnd::all();
    println!("back ends covered: {all:?}");
    assert!(all.len() >= 5, "portable, three emulated ones and NEON at least");
}

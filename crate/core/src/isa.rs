//! The instruction set that the kernels use: chosen once at run time, or forced for tests.
//!
//! Every back end gives the same bits, so the choice is about speed only. `INVERTED_DROPOUT_ISA` set to
//! `portable`, `avx2`, `avx512` or `neon` forces one; a name that this machine cannot run is an error, never
//! a silent fallback. The matrix products of the `gemm` crate choose for themselves.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::error::{Error, Result};

/// The environment variable that forces an instruction set.
pub const VARIABLE: &str = "INVERTED_DROPOUT_ISA";

/// An instruction set with a back end of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// Plain Rust, on any machine: the reference.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    Avx512,
    /// AArch64.
    Neon,
}

impl Isa {
    /// All back ends, from the plainest to the widest.
    pub const ALL: [Isa; 4] = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512];

    /// The name used in `INVERTED_DROPOUT_ISA`.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }

    /// Whether this machine can run the back end.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => true,
            #[allow(unreachable_patterns)] // which arms exist depends on the target
            _ => false,
        }
    }

    /// The back ends this machine can run.
    pub fn available() -> Vec<Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// The back end in use: the one forced by the environment, else the widest available.
    ///
    /// # Errors
    /// `ERR_ISA` if the forced name is unknown or this machine cannot run it.
    pub fn active() -> Result<Isa> {
        static ACTIVE: OnceLock<std::result::Result<Isa, String>> = OnceLock::new();
        ACTIVE
            .get_or_init(|| requested(std::env::var_os(VARIABLE)))
            .clone()
            .map_err(|requested| Error::Isa { requested, available: names_available() })
    }
}

/// The back end that the value of the variable asks for, or the value where there is none.
fn requested(value: Option<OsString>) -> std::result::Result<Isa, String> {
    let name = match value {
        Some(name) if !name.is_empty() => name.to_string_lossy().into_owned(),
        _ => return Ok(widest()),
    };
    match name.parse::<Isa>() {
        Ok(isa) if isa.is_available() => Ok(isa),
        _ => Err(name),
    }
}

fn widest() -> Isa {
    *Isa::available().last().unwrap_or(&Isa::Portable)
}

fn names_available() -> String {
    Isa::available().iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isa {
    type Err = Error;

    fn from_str(name: &str) -> Result<Isa> {
        Isa::ALL
            .into_iter()
            .find(|isa| isa.name() == name)
            .ok_or_else(|| Error::Isa { requested: name.to_owned(), available: names_available() })
    }
}

/// A computation written once in plain Rust and compiled for each instruction set, so that LLVM may
/// vectorise it with the widest registers the machine has.
///
/// `run` must be `#[inline(always)]`, and so must what it calls; otherwise its body keeps the features of the
/// plain build. Rust never fuses or reorders floating-point operations by itself, so the bits do not depend on
/// the instruction set; `mul_add` is exact everywhere (and slow without FMA).
pub trait Kernel {
    /// What the computation returns.
    type Output;
    /// The computation.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` compiled for `isa`. The check costs a few loads: what the machine can do is found out once.
///
/// # Panics
/// If this machine cannot run `isa`.
#[inline]
pub fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    assert!(isa.is_available(), "this machine cannot run {isa}");
    match isa {
        // SAFETY: just checked.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { run_avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { run_avx2(kernel) },
        _ => kernel.run(),
    }
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

/// # Safety
/// The machine must have AVX-512 F, BW, DQ and VL.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for isa in Isa::ALL {
            assert_eq!(isa.name().parse::<Isa>().unwrap(), isa);
        }
    }

    struct Nothing;

    impl Kernel for Nothing {
        type Output = ();

        #[inline(always)]
        fn run(self) {}
    }

    #[test]
    fn what_the_machine_cannot_run_is_not_run() {
        for isa in Isa::ALL {
            let ran = std::panic::catch_unwind(|| dispatch(isa, Nothing)).is_ok();
            assert_eq!(ran, isa.is_available(), "{isa}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_is_refused_like_any_other() {
        assert_eq!(requested(None).unwrap(), widest());
        assert_eq!(requested(Some("".into())).unwrap(), widest());
        assert_eq!(requested(Some("portable".into())).unwrap(), Isa::Portable);
        assert_eq!(requested(Some("avx9".into())).unwrap_err(), "avx9");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let name = std::ffi::OsString::from_vec(b"avx\xff".to_vec());
            assert_eq!(requested(Some(name)).unwrap_err(), "avx\u{fffd}");
        }
    }

    #[test]
    fn an_unknown_name_lists_what_is_available() {
        let error = "avx9".parse::<Isa>().unwrap_err();
        assert_eq!(error.code().as_str(), "ERR_ISA");
        assert!(error.to_string().contains("portable"), "{error}");
    }
}

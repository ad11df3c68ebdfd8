//! Which arguments are read and which are written, told apart before they become slices.

use inverted_dropout::ops::Float;
use inverted_dropout::ops::fused::Input;
use inverted_dropout::{Code, Error, Result};

use crate::memory::{Bytes, Floats, Region, Relation, Words, overlap};

/// An element type and the arrays of it.
pub(crate) trait Typed: Float {
    /// The array's memory if it has elements of this type.
    fn of<'call>(floats: &Floats<'call>) -> Option<Region<'call, Self>>;
}

impl Typed for f32 {
    fn of<'call>(floats: &Floats<'call>) -> Option<Region<'call, f32>> {
        if let Floats::F32(region) = floats { Some(*region) } else { None }
    }
}

impl Typed for f64 {
    fn of<'call>(floats: &Floats<'call>) -> Option<Region<'call, f64>> {
        if let Floats::F64(region) = floats { Some(*region) } else { None }
    }
}

/// An argument with the name that the caller knows.
#[derive(Clone, Copy)]
pub(crate) struct Named<'call, T> {
    name: &'static str,
    region: Region<'call, T>,
}

pub(crate) fn named<'call, T: Typed>(name: &'static str, floats: &Floats<'call>) -> Result<Named<'call, T>> {
    match T::of(floats) {
        Some(region) => Ok(Named { name, region }),
        None => Err(Error::argument(
            Code::Type,
            name,
            floats.class(),
            format!("an array of {} as the input is", T::NAME),
        )),
    }
}

pub(crate) fn optional<'call, T: Typed>(
    name: &'static str,
    floats: &Option<Floats<'call>>,
) -> Result<Option<Named<'call, T>>> {
    floats.as_ref().map(|floats| named(name, floats)).transpose()
}

/// The arrays that a call writes. The first may be the memory of an input; none overlaps another.
pub(crate) struct Outputs<'call, T> {
    all: Vec<Named<'call, T>>,
}

impl<'call, T: Typed> Outputs<'call, T> {
    pub(crate) fn new(all: Vec<Named<'call, T>>) -> Result<Self> {
        for (i, a) in all.iter().enumerate() {
            if let Some(b) = all[..i].iter().find(|b| a.region.relation(&b.region) != Relation::Separate) {
                return Err(apart(a.name, b.name));
            }
        }
        Ok(Outputs { all })
    }

    /// An array that may be the first output.
    pub(crate) fn input(&self, named: Named<'call, T>) -> Result<Input<'call, T>> {
        let first = &self.all[0];
        match named.region.relation(&first.region) {
            Relation::Same => Ok(Input::InPlace),
            Relation::Overlapping => Err(overlap(first.name, named.name)),
            Relation::Separate => self.read(named).map(Input::From),
        }
    }

    /// An array that is only read.
    pub(crate) fn read(&self, named: Named<'call, T>) -> Result<&'call [T]> {
        self.separate(named.name, &named.region)?;
        // SAFETY: only outputs are written, and it is separate from all of them.
        Ok(unsafe { named.region.as_slice() })
    }

    pub(crate) fn ids(&self, ids: &Words<'call>) -> Result<&'call [u32]> {
        self.separate("ids", &ids.0)?;
        // SAFETY: as above.
        Ok(unsafe { ids.0.as_slice() })
    }

    pub(crate) fn bytes(&self, name: &str, bytes: &Bytes<'call>) -> Result<&'call [u8]> {
        self.separate(name, &bytes.0)?;
        // SAFETY: as above.
        Ok(unsafe { bytes.0.as_slice() })
    }

    fn separate<U>(&self, name: &str, region: &Region<'call, U>) -> Result<()> {
        match self.all.iter().find(|output| output.region.relation(region) != Relation::Separate) {
            Some(output) => Err(apart(name, output.name)),
            None => Ok(()),
        }
    }

    /// The outputs to write, in their order. What is read has been asked for before: inputs in the place of the first
    /// output are no slices of their own.
    pub(crate) fn write<const N: usize>(self) -> [&'call mut [T]; N] {
        assert_eq!(self.all.len(), N, "as many outputs as were given");
        // SAFETY: no two overlap, `read` and `ids` have refused what overlaps one, and `self` is used up.
        std::array::from_fn(|i| unsafe { self.all[i].region.as_mut_slice() })
    }
}

fn apart(argument: &str, other: &str) -> Error {
    let allowed = format!("memory that does not overlap `{other}`");
    Error::argument(Code::Overlap, argument, "a view that overlaps it", allowed)
}

//! Structured masks as JSON writes them.

use serde::{Deserialize, Serialize};

use super::rates::WrittenRates;
use super::{Attention, Block, BlockOptions, Broadcast, Exactly, Per, Structure, Structured};
use crate::error::{Code, Error, Result};
use crate::stream::{Address, Domain, Rate, STREAM_VERSION};

impl Structured {
    /// The recipe as JSON, for instance
    /// `{"streamVersion":1,"seed":"42","site":0,"domain":"user","step":0,"shared":false,"kind":"exactly","drop":8,"size":64}`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Written::from(self)).expect("numbers and words only")
    }

    /// The mask of a recipe that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is no recipe, `ERR_VERSION` for a stream this library does not draw, and what the
    /// structure refuses: `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`.
    pub fn from_json(text: &str) -> Result<Self> {
        let written: Written = serde_json::from_str(text).map_err(|error| {
            Error::argument(Code::Config, "recipe", error, "a structured mask's recipe as JSON")
        })?;
        written.read()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    stream_version: u32,
    seed: String,
    site: u16,
    domain: Domain,
    step: u32,
    #[serde(default)]
    shared: bool,
    #[serde(flatten)]
    structure: WrittenStructure,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum WrittenStructure {
    Broadcast { rate: WrittenRates, shape: Vec<usize>, noise_shape: Vec<usize> },
    Attention { rate: f64, per: Per, shape: [usize; 3], shared_by_heads: bool },
    Block(BlockOptions),
    Exactly { drop: usize, size: usize },
}

impl From<&Structured> for Written {
    fn from(mask: &Structured) -> Self {
        let Address { seed, site, domain, step, shared, .. } = mask.address;
        let structure = match &mask.structure {
            Structure::Broadcast { rates, shape } => {
                let (shape, noise_shape) = shape.shapes();
                WrittenStructure::Broadcast { rate: rates.written(), shape, noise_shape }
            }
            Structure::Attention { rate, shape } => WrittenStructure::Attention {
                rate: rate.get(),
                per: shape.per(),
                shape: shape.shape(),
                shared_by_heads: shape.shared_by_heads(),
            },
            Structure::Block(block) => WrittenStructure::Block(block.options().clone()),
            Structure::Exactly(exactly) => {
                WrittenStructure::Exactly { drop: exactly.drop(), size: exactly.size() }
            }
        };
        let seed = seed.to_string();
        Written { stream_version: STREAM_VERSION, seed, site, domain, step, shared, structure }
    }
}

impl Written {
    fn read(self) -> Result<Structured> {
        let Written { stream_version, seed, site, domain, step, shared, structure } = self;
        if stream_version != STREAM_VERSION {
            let allowed = format!("{STREAM_VERSION}, the version this library draws");
            return Err(Error::argument(Code::Version, "streamVersion", stream_version, allowed));
        }
        let seed = seed
            .parse()
            .map_err(|_| Error::argument(Code::Range, "seed", &seed, "a decimal number in [0, 2^64)"))?;
        let structure = match structure {
            WrittenStructure::Broadcast { rate, shape, noise_shape } => {
                let shape = Broadcast::new(&shape, &noise_shape)?;
                Structure::Broadcast { rates: rate.read(shape.lanes())?, shape }
            }
            WrittenStructure::Attention { rate, per, shape, shared_by_heads } => Structure::Attention {
                rate: Rate::new(rate)?,
                shape: Attention::new(per, shape, shared_by_heads)?,
            },
            WrittenStructure::Block(options) => Structure::Block(Block::new(options)?),
            WrittenStructure::Exactly { drop, size } => Structure::Exactly(Exactly::new(drop, size)?),
        };
        Ok(Structured { address: Address { seed, domain, shared, site, step, sample: 0 }, structure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_come_back_as_they_were_written() {
        let head = r#""streamVersion":1,"seed":"18446744073709551615","site":7,"domain":"mc","step":9,"shared":true"#;
        for body in [
            r#""kind":"broadcast","rate":0.25,"shape":[3,5,7],"noiseShape":[3,1,7]"#,
            r#""kind":"broadcast","rate":[0.0,0.5,1.0],"shape":[4,3],"noiseShape":[1,3]"#,
            r#""kind":"attention","rate":0.1,"per":"key","shape":[4,6,8],"sharedByHeads":true"#,
            r#""kind":"block","rate":0.1,"positions":[7,9],"blockSize":[3,2],"channels":2,"layout":"channelsLast","sharedByChannels":false,"border":"clipped","rule":"paper","scale":"position""#,
            r#""kind":"exactly","drop":8,"size":64"#,
        ] {
            let text = format!("{{{head},{body}}}");
            let mask = Structured::from_json(&text).unwrap();
            assert_eq!(mask.to_json(), text);
            assert_eq!(Structured::from_json(&mask.to_json()).unwrap(), mask);
        }
    }

    #[test]
    fn what_is_wrong_has_its_own_code() {
        let head = r#""streamVersion":1,"seed":"1","site":0,"domain":"user","step":0"#;
        for (body, code) in [
            (r#""kind":"broadcast","rate":1.5,"shape":[3],"noiseShape":[3]"#, Code::Rate),
            (r#""kind":"broadcast","rate":[0.5,2.0],"shape":[2],"noiseShape":[2]"#, Code::Rate),
            (r#""kind":"broadcast","rate":[0.5,0.5],"shape":[3],"noiseShape":[3]"#, Code::Shape),
            (r#""kind":"broadcast","rate":[],"shape":[3],"noiseShape":[3]"#, Code::Shape),
            (r#""kind":"exactly","drop":3,"size":2"#, Code::Range),
            (r#""kind":"nothing""#, Code::Config),
        ] {
            let error = Structured::from_json(&format!("{{{head},{body}}}")).unwrap_err();
            assert_eq!(error.code(), code, "{body}: {error}");
        }
        let newer = r#"{"streamVersion":2,"seed":"1","site":0,"domain":"user","step":0,"kind":"exactly","drop":0,"size":1}"#;
        assert_eq!(Structured::from_json(newer).unwrap_err().code(), Code::Version);
    }
}

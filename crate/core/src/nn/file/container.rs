//! The container: named tensors and strings, to and from bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// What stands under `format` in the metadata of our files.
const FORMAT: &str = "inverted-dropout";

/// The version of the format. A reader refuses what is newer.
const VERSION: u32 = 1;

/// The length of the header stands in the first 8 bytes, little endian.
const PREFIX: usize = 8;

/// Longer headers are refused, as by the safetensors library.
const MAX_HEADER: u64 = 100_000_000;

/// A tensor to be written.
pub(crate) struct TensorRef<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: &'a [f32],
}

/// The bytes of a file with these strings and tensors. The same contents give the same bytes.
pub(crate) fn encode(strings: &[(&str, String)], tensors: &[TensorRef<'_>]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Entry<'a> {
        dtype: &'static str,
        shape: &'a [usize],
        data_offsets: [usize; 2],
    }
    #[derive(Serialize)]
    struct Header<'a> {
        #[serde(rename = "__metadata__")]
        strings: BTreeMap<&'a str, &'a str>,
        #[serde(flatten)]
        tensors: BTreeMap<&'a str, Entry<'a>>,
    }

    let version = VERSION.to_string();
    let mut header = Header {
        strings: strings.iter().map(|(name, text)| (*name, text.as_str())).collect(),
        tensors: BTreeMap::new(),
    };
    header.strings.insert("format", FORMAT);
    header.strings.insert("version", &version);
    let mut end = 0;
    for tensor in tensors {
        let start = end;
        end += size_of_val(tensor.data);
        let entry = Entry { dtype: "F32", shape: &tensor.shape, data_offsets: [start, end] };
        header.tensors.insert(&tensor.name, entry);
    }
    let mut header = serde_json::to_vec(&header).expect("a header has string keys only");
    header.resize(header.len().next_multiple_of(PREFIX), b' ');

    let mut bytes = Vec::with_capacity(PREFIX + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for tensor in tensors {
        bytes.extend(tensor.data.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes
}

/// The metadata in a header.
#[derive(Deserialize)]
struct Strings {
    #[serde(rename = "__metadata__")]
    strings: HashMap<String, String>,
}

/// The metadata of a file of ours, of whatever version; its tensors are not read. `None` for anything else.
pub(crate) fn read_strings(path: &Path) -> Option<HashMap<String, String>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = std::fs::File::open(path).ok()?;
    let mut prefix = [0; PREFIX];
    file.read_exact(&mut prefix).ok()?;
    let length = u64::from_le_bytes(prefix);
    if length > MAX_HEADER {
        return None;
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).ok()?;
    let Strings { strings } = serde_json::from_slice(&header).ok()?;
    (strings.get("format").map(String::as_str) == Some(FORMAT)).then_some(strings)
}

/// The contents of a file, checked: every tensor is f32, lies inside the file and has the size of its shape.
pub(crate) struct Container<'a> {
    path: &'a Path,
    strings: HashMap<String, String>,
    tensors: Metadata,
    data: &'a [u8],
}

impl<'a> Container<'a> {
    /// Reads the contents of a file; `path` is for messages.
    ///
    /// # Errors
    /// `ERR_NOT_A_MODEL`, `ERR_VERSION`, `ERR_TRUNCATED` or `ERR_CORRUPT`.
    pub(crate) fn decode(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let fail = |code, problem: &str| Err(Error::file(code, path, problem));
        let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
            return fail(Code::Truncated, "the file ends within its first 8 bytes");
        };
        let length = u64::from_le_bytes(*prefix);
        let starts_like_ours = rest.starts_with(br#"{"__metadata__":{"#);
        if length > MAX_HEADER || !starts_like_ours && length > rest.len() as u64 {
            return fail(Code::NotAModel, "this is not a safetensors file");
        }
        if length > rest.len() as u64 {
            return fail(Code::Truncated, "the file ends within its header; copy it again");
        }
        let (header, data) = rest.split_at(length as usize);

        // Read first for what it says it is: a newer version may have tensors that this one cannot read.
        let strings = match serde_json::from_slice::<Strings>(header) {
            Ok(Strings { strings }) => strings,
            Err(_) if starts_like_ours => return fail(Code::Corrupt, "the header is damaged"),
            Err(_) => return fail(Code::NotAModel, "this is not a file of this library"),
        };
        if strings.get("format").map(String::as_str) != Some(FORMAT) {
            return fail(Code::NotAModel, "this is a safetensors file, but not one of this library");
        }
        match strings.get("version").map(|version| version.parse::<u32>()) {
            Some(Ok(VERSION)) => {}
            Some(Ok(version)) if version > VERSION => {
                let problem = format!(
                    "the file has format version {version}, this library reads version {VERSION}; update the library"
                );
                return fail(Code::Version, &problem);
            }
            _ => return fail(Code::Corrupt, "the format version is not a positive whole number"),
        }

        let tensors: Metadata = serde_json::from_slice(header).map_err(|error| {
            Error::file(Code::Corrupt, path, format!("the table of tensors contradicts itself: {error}"))
        })?;
        let declared = tensors.data_len();
        if declared > data.len() {
            let problem = format!(
                "the tensors take {declared} bytes but only {} are there; copy the file again",
                data.len()
            );
            return fail(Code::Truncated, &problem);
        }
        if declared < data.len() {
            return fail(Code::Corrupt, &format!("{} bytes follow the last tensor", data.len() - declared));
        }
        Ok(Container { path, strings, tensors, data })
    }

    /// An error about this file.
    pub(crate) fn error(&self, code: Code, problem: impl Into<String>) -> Error {
        Error::file(code, self.path, problem)
    }

    /// A string that must be there.
    pub(crate) fn string(&self, name: &str) -> Result<&str> {
        let text = self.strings.get(name).map(String::as_str);
        text.ok_or_else(|| self.error(Code::Corrupt, format!("the metadata have no `{name}`")))
    }

    /// A string that may be there.
    pub(crate) fn optional_string(&self, name: &str) -> Option<&str> {
        self.strings.get(name).map(String::as_str)
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.tensors.offset_keys().into_iter().collect()
    }

    /// Bytes of all tensors.
    pub(crate) fn data_len(&self) -> usize {
        self.data.len()
    }

    /// Copies a tensor that must have the given shape into `out`.
    pub(crate) fn read(&self, name: &str, shape: &[usize], out: &mut [f32]) -> Result<()> {
        let Some(TensorInfo { dtype, shape: found, data_offsets: (start, end) }) = self.tensors.info(name)
        else {
            return Err(self.error(Code::Corrupt, format!("the tensor `{name}` is missing")));
        };
        if *dtype != Dtype::F32 || found != shape || end - start != size_of_val(out) {
            let problem = format!("the tensor `{name}` is {dtype:?} {found:?} where F32 {shape:?} belongs");
            return Err(self.error(Code::Corrupt, problem));
        }
        let (values, _) = self.data[*start..*end].as_chunks::<4>();
        for (out, bytes) in out.iter_mut().zip(values) {
            *out = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }
}

//! Seeds in JSON: decimal strings, since a JSON number cannot hold 64 bits everywhere.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!("`seed` must be a decimal string in [0, 2^64); got \"{text}\""))
    })
}

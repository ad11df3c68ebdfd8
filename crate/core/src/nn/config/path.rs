//! The place of a layer in a configuration.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::error::{Code, Error, Result};

/// The positions that lead to a layer, outermost first: `3`, or `3.0.1` for layer 1 of branch 0 of layer 3.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerPath(Vec<usize>);

impl From<usize> for LayerPath {
    fn from(position: usize) -> Self {
        LayerPath(vec![position])
    }
}

impl FromStr for LayerPath {
    type Err = Error;

    /// # Errors
    /// `ERR_OPTION` if the text is no list of positions.
    fn from_str(text: &str) -> Result<Self> {
        let positions = text.split('.').map(str::parse).collect::<Result<Vec<usize>, _>>();
        positions.map(LayerPath).map_err(|_| {
            Error::argument(
                Code::Option,
                "layer",
                format!("\"{text}\""),
                "a place such as \"3\" or \"3.0.1\"",
            )
        })
    }
}

impl fmt::Display for LayerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions: Vec<String> = self.0.iter().map(usize::to_string).collect();
        write!(f, "{}", positions.join("."))
    }
}

impl LayerPath {
    /// The layer at this place.
    pub(crate) fn find<'a>(&self, layers: &'a mut [LayerConfig]) -> Option<&'a mut LayerConfig> {
        let (first, rest) = self.0.split_first()?;
        let layer = layers.get_mut(*first)?;
        if rest.is_empty() {
            return Some(layer);
        }
        let branches = matches!(layer, LayerConfig::Parallel(_));
        let mut inner = layer.describe_mut().inner_mut();
        let (list, rest) = if branches { rest.split_first()? } else { (&0, rest) };
        let list = *list;
        if list >= inner.len() {
            return None;
        }
        LayerPath(rest.to_vec()).find(inner.swap_remove(list))
    }
}

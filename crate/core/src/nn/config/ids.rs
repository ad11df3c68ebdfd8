//! Which inputs are ids: what embeddings read.

use std::ops::Range;

use super::{LayerConfig, ModelConfig, Shape};

/// Columns of a row of the input that hold ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdColumns {
    /// The columns.
    pub(crate) columns: Range<usize>,
    /// Ids are whole numbers below this.
    pub(crate) vocabulary: usize,
}

/// The columns that embeddings read, or the position of the model's layer that has one which does not read the input
/// itself. The shapes of the configuration have been checked.
pub(super) fn id_columns(config: &ModelConfig, input: &Shape) -> Result<Vec<IdColumns>, usize> {
    let mut found = Vec::new();
    let mut from = Some(0);
    let mut shape = input.clone();
    for (index, layer) in config.layers.iter().enumerate() {
        from = after(layer, &shape, from, &mut found).ok_or(index)?;
        shape = layer.output_shape(&shape).map_err(|_| index)?;
    }
    Ok(found)
}

/// Where in the input a layer's output begins, if it is a part of the input, given the same for what it gets. Adds the
/// columns of embeddings; `None` if one of them gets something else.
fn after(
    layer: &LayerConfig,
    input: &Shape,
    from: Option<usize>,
    found: &mut Vec<IdColumns>,
) -> Option<Option<usize>> {
    for layers in layer.describe().inner() {
        let mut inside = from;
        let mut shape = input.clone();
        for layer in layers {
            inside = after(layer, &shape, inside, found)?;
            shape = layer.output_shape(&shape).ok()?;
        }
    }
    Some(match layer {
        LayerConfig::Embedding(embedding) => {
            let columns = from?..from? + input.width();
            found.push(IdColumns { columns, vocabulary: embedding.vocabulary });
            None
        }
        LayerConfig::Select(select) => {
            let (start, _) = input.field(&select.input)?;
            from.map(|from| from + start)
        }
        LayerConfig::Flatten(_) => from,
        _ => None,
    })
}

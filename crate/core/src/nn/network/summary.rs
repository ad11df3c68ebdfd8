//! A network at a glance.

use std::fmt;

use serde::Serialize;

use super::{Network, Purpose};
use crate::memory;
use crate::nn::Scalar;
use crate::nn::config::{Activation, LayerConfig, Output, Shape};
use crate::nn::fit::rows_of_part;

/// What a network consists of and what it needs; prints as a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The shape of an input row.
    pub input: Shape,
    /// What the model predicts.
    pub output: Output,
    /// The layers, first to last.
    pub layers: Vec<LayerSummary>,
    /// Trained parameters in all.
    pub parameters: usize,
    /// Bytes of the trained parameters.
    pub parameter_bytes: usize,
    /// Rows of the training step that `step_bytes` is about.
    pub batch_size: usize,
    /// Parts that the step is worked off in.
    pub accumulate: usize,
    /// Bytes that a training step writes beside the parameters: activations, what backward passes need, and
    /// gradients. The optimiser's state, the weights before the last step and moving averages come on top, and what
    /// matrix products pack into: some hundred kilobytes while they run, and for each thread once a buffer as large as
    /// the second-level cache.
    pub step_bytes: usize,
}

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSummary {
    /// The place in the configuration: its position, after those of the blocks it lies in.
    pub path: String,
    /// The layer's type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The shape of a row after the layer.
    pub output_shape: Shape,
    /// Trained parameters.
    pub parameters: usize,
    /// The activation, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// The drop rate, where something drops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The place of the mask in the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl<T: Scalar> Network<T> {
    /// The layers with their shapes, parameters and rates, and the memory of a training step of `batch_size` rows.
    pub fn summary(&self, batch_size: usize) -> Summary {
        self.summary_of_parts(batch_size, 1)
    }

    /// As [`Network::summary`], where the step is worked off in `accumulate` parts.
    ///
    /// # Panics
    /// If there are 0 parts.
    pub fn summary_of_parts(&self, batch_size: usize, accumulate: usize) -> Summary {
        let mut layers = Vec::new();
        list(&self.config.layers, &self.shapes[0], "", &mut layers);
        let parameter_bytes = self.parameters.len() * size_of::<T>();
        let workspace = self.workspace_bytes(rows_of_part(batch_size, accumulate), Purpose::Training);
        let gradients = if accumulate > 1 { 2 } else { 1 };
        Summary {
            input: self.shapes[0].clone(),
            output: self.config.output,
            layers,
            parameters: self.parameters.len(),
            parameter_bytes,
            batch_size,
            accumulate,
            step_bytes: workspace + gradients * parameter_bytes,
        }
    }
}

/// Lists layers, those in blocks after the block.
fn list(layers: &[LayerConfig], input: &Shape, before: &str, into: &mut Vec<LayerSummary>) {
    let mut shape = input.clone();
    for (index, layer) in layers.iter().enumerate() {
        let input = shape;
        shape = layer.output_shape(&input).expect("checked with the configuration");
        let mut site = None;
        let path = format!("{before}{index}");
        let mut own = layer.clone();
        own.describe_mut().for_each_site(&mut |first| site = site.or(*first));
        into.push(LayerSummary {
            kind: layer.kind(),
            output_shape: shape.clone(),
            parameters: layer.parameter_count(&input).expect("counted when the model was checked"),
            activation: layer.describe().activation().filter(|own| *own != Activation::Identity),
            rate: layer.describe().rate(),
            site,
            path: path.clone(),
        });
        for (list_index, inner) in layer.describe().inner().into_iter().enumerate() {
            let before = match layer {
                LayerConfig::Parallel(_) => format!("{path}.{list_index}."),
                _ => format!("{path}."),
            };
            list(inner, &input, &before, into);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["", "layer", "output", "parameters", ""].map(str::to_owned);
        let input = ["", "input", &self.input.to_string(), "", ""].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            [header, input].into_iter().chain(self.layers.iter().map(LayerSummary::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (index, layer, shape, parameters) = (width(0), width(1), width(2), width(3));
        for [a, b, c, d, e] in &rows {
            let line = format!("{a:<index$}  {b:<layer$}  {c:<shape$}  {d:>parameters$}  {e}");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "output: {}", self.output.name())?;
        writeln!(f, "parameters: {} ({})", self.parameters, bytes(self.parameter_bytes))?;
        write!(f, "memory of a training step of {} rows", self.batch_size)?;
        if self.accumulate > 1 {
            write!(f, " in {} parts", self.accumulate)?;
        }
        write!(f, ": {}", bytes(self.step_bytes))
    }
}

impl LayerSummary {
    fn cells(&self) -> [String; 5] {
        let detail = match (self.activation, self.rate) {
            (Some(activation), _) => activation.name().to_owned(),
            (None, Some(rate)) => format!("rate {rate}"),
            (None, None) => String::new(),
        };
        let parameters = self.parameters.to_string();
        [self.path.clone(), self.kind.to_owned(), self.output_shape.to_string(), parameters, detail]
    }
}

fn bytes(count: usize) -> String {
    memory::size(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::ModelConfig;

    fn network() -> Network<f32> {
        let config = ModelConfig::new(
            [4, 5],
            Output::Softmax,
            1,
            vec![
                LayerConfig::flatten(),
                LayerConfig::dense(8, Activation::Relu),
                LayerConfig::dropout(0.25),
                LayerConfig::dense(3, Activation::Identity),
            ],
        );
        Network::<f32>::new(&config).unwrap()
    }

    fn summary() -> Summary {
        network().summary(32)
    }

    #[test]
    fn the_table_shows_every_layer() {
        let text = summary().to_string();
        assert_eq!(
            text.lines().take(6).collect::<Vec<_>>(),
            [
                "   layer    output  parameters",
                "   input    [4, 5]",
                "0  flatten  [20]             0",
                "1  dense    [8]            168  relu",
                "2  dropout  [8]              0  rate 0.25",
                "3  dense    [3]             27",
            ],
            "{text}"
        );
        assert!(text.contains("parameters: 195 (780 B)"), "{text}");
    }

    #[test]
    fn json_leaves_out_what_a_layer_does_not_have() {
        let json = serde_json::to_value(summary()).unwrap();
        assert_eq!(json["layers"][2]["rate"], 0.25);
        assert_eq!(json["layers"][2]["site"], 0);
        assert_eq!(json["layers"][1]["type"], "dense");
        assert!(json["layers"][0].get("rate").is_none());
        assert_eq!(json["layers"][0]["outputShape"], serde_json::json!([20]));
        assert_eq!(json["parameterBytes"], 780);
        // Outputs of both dense layers, sums of the biases of one block, two gradients of the widest, gradients.
        assert_eq!(json["stepBytes"], 4 * (32 * 8 + 32 * 3 + 8 + 2 * 32 * 8 + 195));
    }

    #[test]
    fn a_step_in_parts_takes_the_memory_of_a_part_and_gradients_twice() {
        let summary = network().summary_of_parts(32, 5);
        assert_eq!(summary.step_bytes, 4 * (7 * 8 + 7 * 3 + 8 + 2 * 7 * 8 + 2 * 195));
        assert!(summary.to_string().contains("a training step of 32 rows in 5 parts: "), "{summary}");
    }
}

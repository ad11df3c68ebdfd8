//! Layers made of layers: residual blocks, parallel branches, and the choice of a named input.

use serde::{Deserialize, Serialize};

use super::describe::{Describe, Effect};
use super::{LayerConfig, parse_list};
use crate::error::Result;
use crate::nn::config::Shape;
use crate::stream::Rate;

/// y = x + m F(x) / (1 - rate), with one m ~ Bernoulli(1 - rate) for a whole row (Huang et al. 2016, "Deep networks
/// with stochastic depth"); y = x + F(x) in inference. F is the layers, which must keep the shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResidualConfig {
    /// F.
    #[serde(deserialize_with = "parse_list")]
    pub layers: Vec<LayerConfig>,
    /// How likely the branch of a row drops, in [0, 1]; default 0.
    #[serde(default)]
    pub drop_path: f64,
    /// The place of that mask in the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<u16>,
}

impl Describe for ResidualConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let output = shape_after(&self.layers, input, "layers")?;
        if output == *input {
            return Ok(output);
        }
        Err(format!("gets {input}, but its layers give {output}; what is added must have the same shape"))
    }

    fn check(&self, path: &str) -> Result<Result<(), String>> {
        Rate::named(&format!("{path}.dropPath"), self.drop_path)?;
        Ok(not_empty("layers", &self.layers))
    }

    fn for_each_site(&mut self, each: &mut dyn FnMut(&mut Option<u16>)) {
        each(&mut self.site);
    }

    fn rate(&self) -> Option<f64> {
        Some(self.drop_path)
    }

    fn set_rate(&mut self, rate: Rate) -> bool {
        self.drop_path = rate.get();
        true
    }

    fn inner(&self) -> Vec<&[LayerConfig]> {
        vec![&self.layers]
    }

    fn inner_mut(&mut self) -> Vec<&mut [LayerConfig]> {
        vec![&mut self.layers]
    }
}

/// How branches become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Combine {
    /// Their sum; all must have one shape.
    Add,
    /// Side by side along the last axis; the other axes must agree.
    Concatenate,
}

/// Branches that all get the same input, put together. An empty branch is the input itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParallelConfig {
    /// The layers of each branch; at least one branch.
    #[serde(deserialize_with = "parse_branches")]
    pub branches: Vec<Vec<LayerConfig>>,
    /// How they become one.
    pub combine: Combine,
}

fn parse_branches<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Vec<LayerConfig>>, D::Error> {
    #[derive(Deserialize)]
    struct Branch(#[serde(deserialize_with = "parse_list")] Vec<LayerConfig>);
    let branches = Vec::<Branch>::deserialize(from)?;
    Ok(branches.into_iter().map(|Branch(layers)| layers).collect())
}

impl Describe for ParallelConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        let mut outputs = Vec::new();
        for (index, branch) in self.branches.iter().enumerate() {
            outputs.push(shape_after(branch, input, &format!("branches[{index}]"))?);
        }
        let first = outputs[0].clone();
        for (index, other) in outputs.iter().enumerate().skip(1) {
            let fits = match self.combine {
                Combine::Add => *other == first,
                Combine::Concatenate => other.with_last(0) == first.with_last(0),
            };
            if !fits {
                let must = match self.combine {
                    Combine::Add => "have the same shape to be added",
                    Combine::Concatenate => "agree in all axes but the last to be concatenated",
                };
                return Err(format!(
                    "branches[0] gives {first}, but branches[{index}] {other}; they must {must}"
                ));
            }
        }
        Ok(match self.combine {
            Combine::Add => first,
            Combine::Concatenate => first.with_last(outputs.iter().map(Shape::last).sum()),
        })
    }

    fn check(&self, _path: &str) -> Result<Result<(), String>> {
        Ok(if self.branches.is_empty() {
            Err("`branches` must have at least one branch; got []".into())
        } else {
            Ok(())
        })
    }

    fn inner(&self) -> Vec<&[LayerConfig]> {
        self.branches.iter().map(Vec::as_slice).collect()
    }

    fn inner_mut(&mut self) -> Vec<&mut [LayerConfig]> {
        self.branches.iter_mut().map(Vec::as_mut_slice).collect()
    }

    fn effect(&self) -> Effect {
        Effect::None
    }
}

/// One of the named inputs of the model, to begin a branch with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelectConfig {
    /// The input's name in the model's `input`.
    pub input: String,
}

impl Describe for SelectConfig {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match input.field(&self.input) {
            Some((_, shape)) => Ok(shape),
            None => Err(format!("there is no input `{}` in {input}", self.input)),
        }
    }
}

fn not_empty(name: &str, layers: &[LayerConfig]) -> Result<(), String> {
    if layers.is_empty() { Err(format!("`{name}` must have at least one layer; got []")) } else { Ok(()) }
}

/// The shape after a list of layers; a problem says which of them has it.
fn shape_after(layers: &[LayerConfig], input: &Shape, name: &str) -> Result<Shape, String> {
    let mut shape = input.clone();
    for (index, layer) in layers.iter().enumerate() {
        shape = layer
            .describe()
            .output_shape(&shape)
            .map_err(|problem| format!("{name}[{index}] ({}): {problem}", layer.kind()))?;
    }
    Ok(shape)
}

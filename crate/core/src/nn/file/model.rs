//! Models in files: the configuration, what was learnt, and the tensors.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Container, TensorRef, encode, read_strings};
use crate::error::{Code, Result};
use crate::nn::fit::Trained;
use crate::nn::{ModelConfig, Network, Parameters};

/// What stands under `kind` in a checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The tensor of a checkpoint with the weights of the best epoch.
pub(crate) const BEST: &str = "best";

/// The tensor of a checkpoint with the running statistics of the best epoch, where the model has any.
pub(crate) const BEST_BUFFERS: &str = "bestBuffers";

/// The tensor of a checkpoint with the weights that training goes on with, where the model has their moving average.
pub(crate) const RAW: &str = "raw";

/// How the names of the optimiser's arenas in a checkpoint begin.
pub(crate) const OPTIMIZER: &str = "optimizer.";

/// Whether there is a checkpoint at `path`, by its header alone.
pub(crate) fn is_checkpoint(path: &Path) -> bool {
    read_strings(path).is_some_and(|strings| strings.get("kind").map(String::as_str) == Some(CHECKPOINT))
}

/// The metadata of a model file.
pub(crate) fn model_strings(network: &Network<f32>, trained: Trained) -> Vec<(&'static str, String)> {
    let trained = serde_json::to_string(&trained).expect("two numbers");
    vec![("config", network.config().to_json()), ("trained", trained)]
}

/// The tensors of a model file: trained ones and normalisation.
pub(crate) fn model_tensors(network: &Network<f32>) -> Vec<TensorRef<'_>> {
    let of = |parameters: &'_ Parameters<f32>| -> Vec<(String, Vec<usize>, std::ops::Range<usize>)> {
        let entries = parameters.entries().iter();
        entries.map(|entry| (entry.name.clone(), entry.shape.clone(), entry.range.clone())).collect()
    };
    let mut tensors = Vec::new();
    for parameters in [network.parameters(), network.buffers()] {
        for (name, shape, range) in of(parameters) {
            tensors.push(TensorRef { name, shape, data: &parameters.values()[range] });
        }
    }
    tensors
}

/// The bytes of a model file.
pub(crate) fn encode_model(network: &Network<f32>, trained: Trained) -> Vec<u8> {
    encode(&model_strings(network, trained), &model_tensors(network))
}

/// Reads a model, from a model file or a checkpoint; `path` is for messages.
///
/// # Errors
/// Those of [`Container::decode`]; `ERR_CORRUPT` if the tensors are not those of the configuration, `ERR_VERSION`
/// if the configuration is of a newer version.
pub(crate) fn decode_model(path: &Path, bytes: &[u8]) -> Result<(Network<f32>, Trained)> {
    let container = Container::decode(path, bytes)?;
    let config = ModelConfig::from_json(container.string("config")?).map_err(|error| {
        let code = if error.code() == Code::Version { Code::Version } else { Code::Corrupt };
        container.error(code, format!("the configuration cannot be used: {error}"))
    })?;
    let trained: Trained = serde_json::from_str(container.string("trained")?).map_err(|error| {
        container.error(Code::Corrupt, format!("the metadata `trained` are damaged: {error}"))
    })?;
    if !trained.is_possible() {
        return Err(container.error(Code::Corrupt, "the metadata `trained` contradict themselves"));
    }
    check_size(&container, &config)?;
    let mut network = Network::new(&config)?;
    let mut others = read_tensors(&container, &mut network)?;
    if container.optional_string("kind") == Some(CHECKPOINT) {
        others.retain(|name| {
            ![BEST, BEST_BUFFERS, RAW].contains(&name.as_str()) && !name.starts_with(OPTIMIZER)
        });
    }
    match others.first() {
        None => Ok((network, trained)),
        Some(name) => Err(container
            .error(Code::Corrupt, format!("the tensor `{name}` belongs to no layer of the configuration"))),
    }
}

/// Refuses a configuration that claims more values than the file holds, before any memory is taken for them.
fn check_size(container: &Container<'_>, config: &ModelConfig) -> Result<()> {
    let shapes = config.shapes()?;
    let values = config.layers.iter().zip(&shapes).try_fold(0usize, |sum, (layer, input)| {
        layer.stored_count(input).and_then(|count| sum.checked_add(count))
    });
    if values.is_some_and(|values| values <= container.data_len() / size_of::<f32>()) {
        return Ok(());
    }
    Err(container.error(Code::Corrupt, "the configuration has more values than the file"))
}

/// Fills the network's tensors; returns the names of those that are not among them.
pub(crate) fn read_tensors(
    container: &Container<'_>,
    network: &mut Network<f32>,
) -> Result<BTreeSet<String>> {
    let mut others = container.names();
    let entries = [network.parameters().entries().to_vec(), network.buffers().entries().to_vec()];
    let [parameters, buffers] = entries;
    for entry in parameters {
        container.read(&entry.name, &entry.shape, &mut network.parameters_mut().values_mut()[entry.range])?;
        others.remove(&entry.name);
    }
    for entry in buffers {
        container.read(&entry.name, &entry.shape, &mut network.buffers_mut().values_mut()[entry.range])?;
        others.remove(&entry.name);
    }
    Ok(others)
}

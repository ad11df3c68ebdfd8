//! Checkpoints: a model file with all that a run needs to go on as if it had never stopped.
//!
//! | what | where |
//! |---|---|
//! | the model as it is now, with averaged weights where they are averaged | as in every model file, so a checkpoint can be loaded as a model |
//! | the weights that training goes on with, where the model has their average | tensor `raw` |
//! | position, metric sums, patience, history, changed rates | metadata `state` |
//! | the configuration at the start and the options | metadata `initialConfig`, `options` |
//! | the fingerprint of the data in memory | metadata `data` |
//! | the fingerprint of the batch that a source gives next, if it is known | metadata `upcoming` |
//! | the optimiser's arenas | tensors `optimizer.<name>` |
//! | the weights of the best epoch, and its running statistics | tensors `best` and `bestBuffers` |

use std::path::Path;

use serde_json::Value;

use super::best::Best;
use super::rotation;
use super::run::{Run, check_steps};
use super::source::Source;
use super::state::State;
use super::{CheckpointOptions, FitOptions};
use crate::error::{Code, Result};
use crate::nn::data::Fingerprint;
use crate::nn::file;
use crate::nn::file::{
    CHECKPOINT, Container, OPTIMIZER, RAW, TensorRef, model_strings, model_tensors, read_file, read_tensors,
    replace,
};

/// What tells the data of one run from that of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity(String);

impl Identity {
    /// Of a source no more is known than that it is one.
    pub(super) fn of(data: &Source<'_>, validation: Option<&Source<'_>>) -> Self {
        let mut fingerprint = Fingerprint::new();
        data.sign(&mut fingerprint);
        if let Some(validation) = validation {
            validation.sign(&mut fingerprint);
        }
        Identity(format!("{:016x}", fingerprint.finish()))
    }
}

/// Writes the run's state.
pub(super) fn save(run: &mut Run<'_>, options: &CheckpointOptions) -> Result<()> {
    let step = run.state.steps();
    let Some(keep) = options.keep else { return replace(&options.path, &encode(run)) };
    if run.state.kept.last() != Some(&step) {
        run.state.kept.push(step);
    }
    let bytes = encode(run);
    rotation::save(&options.path, &bytes, keep, &mut run.state.kept)
}

/// The contents of the run's checkpoint.
fn encode(run: &mut Run<'_>) -> Vec<u8> {
    let upcoming = run.batches.upcoming();
    if let Some(average) = &mut run.update.average {
        average.swap(run.network);
    }
    let mut strings = model_strings(run.network, run.trained());
    strings.push(("kind", CHECKPOINT.to_owned()));
    strings.push(("initialConfig", run.initial.to_json()));
    strings.push(("options", Value::to_string(&comparable(run.options))));
    strings.push(("state", serde_json::to_string(&run.state).expect("a state has string keys only")));
    strings.push(("data", run.identity.as_ref().expect("made where checkpoints are asked for").0.clone()));
    strings.extend(upcoming.map(|upcoming| ("upcoming", format!("{upcoming:016x}"))));
    let mut tensors = model_tensors(run.network);
    let flat = |name: String, data| TensorRef { name, shape: vec![<[f32]>::len(data)], data };
    tensors.extend(run.update.optimizer.state().map(|(name, data)| flat(format!("{OPTIMIZER}{name}"), data)));
    // The average and the weights have changed places.
    tensors.extend(run.update.average.iter().map(|raw| flat(RAW.to_owned(), raw.values())));
    tensors.extend(run.best.iter().flat_map(Best::tensors));
    let bytes = file::encode(&strings, &tensors);
    if let Some(average) = &mut run.update.average {
        average.swap(run.network);
    }
    bytes
}

/// Takes the run to where the checkpoint's run stood.
pub(super) fn resume(run: &mut Run<'_>, path: &Path) -> Result<()> {
    let bytes = read_file(path)?;
    let container = Container::decode(path, &bytes)?;
    if container.optional_string("kind") != Some(CHECKPOINT) {
        return Err(container.error(Code::Resume, "this is a saved model, not a checkpoint; use load"));
    }
    check_same(run, &container)?;
    let mut state: State = parse(&container, "state")?;
    check_state(run, &container, &state)?;
    let path_of_run = run.options.checkpoint.as_ref().map(|checkpoint| &checkpoint.path);
    if !path_of_run.is_some_and(|own| rotation::belongs(own, path)) {
        state.kept.clear(); // those are numbered files beside another one
    }
    let upcoming = container.optional_string("upcoming").map(|digits| u64::from_str_radix(digits, 16));
    let upcoming = upcoming.transpose();
    let upcoming =
        upcoming.map_err(|_| container.error(Code::Corrupt, "the metadata `upcoming` are damaged"))?;

    // Everything is read before anything is changed.
    let mut network = run.network.clone();
    let rates = network.set_rates(&state.rates);
    rates.map_err(|error| container.error(Code::Corrupt, error.to_string()))?;
    let mut others = read_tensors(&container, &mut network)?;
    let length = network.parameters().len();
    for (name, arena) in run.update.optimizer.restore(state.steps()) {
        let name = format!("{OPTIMIZER}{name}");
        container.read(&name, &[length], arena)?;
        others.remove(&name);
    }
    if let Some(average) = &mut run.update.average {
        average.restore(state.steps(), network.parameters().values());
        container.read(RAW, &[length], network.parameters_mut().values_mut())?;
        others.remove(RAW);
    }
    let wants_best = run.options.early_stopping.as_ref().is_some_and(|stopping| stopping.restore_best);
    if wants_best && state.patience.best.is_some() {
        let mut best = Best::like(&network);
        for &name in best.read(&container)? {
            others.remove(name);
        }
        run.best = Some(best);
    }
    if let Some(name) = others.first() {
        return Err(
            container.error(Code::Corrupt, format!("the tensor `{name}` belongs to nothing in the run"))
        );
    }
    *run.network = network;
    run.state = state;
    run.batches.expect(upcoming);
    Ok(())
}

/// The options that two runs must share to be one.
fn comparable(options: &FitOptions) -> Value {
    let mut value = serde_json::to_value(options).expect("options have string keys only");
    if let Value::Object(fields) = &mut value {
        for free in ["epochs", "checkpoint", "resume", "threads"] {
            fields.remove(free);
        }
    }
    value
}

fn check_same(run: &Run<'_>, container: &Container<'_>) -> Result<()> {
    let refuse = |what: String| Err(container.error(Code::Resume, what));
    let config: Value = parse(container, "initialConfig")?;
    let ours = serde_json::to_value(&run.initial).expect("a configuration has string keys only");
    if let Some(difference) = difference("model", &config, &ours) {
        return refuse(format!("the checkpoint belongs to another model: {difference}"));
    }
    let options: Value = parse(container, "options")?;
    if let Some(difference) = difference("options", &options, &comparable(run.options)) {
        return refuse(format!("the checkpoint belongs to a run with other options: {difference}"));
    }
    let ours = run.identity.as_ref().expect("made where a run is resumed");
    if container.string("data")? != ours.0 {
        return refuse("the training or validation data are not those of the checkpoint".to_owned());
    }
    Ok(())
}

/// A state must be one that a run of these options can be in.
fn check_state(run: &Run<'_>, container: &Container<'_>, state: &State) -> Result<()> {
    let fits = run.batches.fit(state)
        && state.history.epochs.len() as u64 == state.epoch
        && state.metrics.is_like(&run.state.metrics)
        && state.before.is_possible()
        && state.kept.is_sorted()
        && state.kept.last().is_none_or(|last| *last <= state.steps())
        && state.before.steps + state.steps() <= u64::from(u32::MAX);
    if !fits {
        return Err(container.error(Code::Corrupt, "the state of the run contradicts itself"));
    }
    if state.epoch > run.options.epochs {
        return Err(container.error(
            Code::Resume,
            format!(
                "the checkpoint has {} epochs behind it; `epochs` is {}",
                state.epoch, run.options.epochs
            ),
        ));
    }
    let batches = run.batches.per_epoch();
    check_steps(state.before, batches.map_or(0, |batches| batches.saturating_mul(run.options.epochs)))
}

fn parse<T: serde::de::DeserializeOwned>(container: &Container<'_>, name: &str) -> Result<T> {
    serde_json::from_str(container.string(name)?).map_err(|error| {
        container.error(Code::Corrupt, format!("the metadata `{name}` are damaged: {error}"))
    })
}

/// The first place where two values differ, in words.
fn difference(place: &str, there: &Value, here: &Value) -> Option<String> {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let (a, b) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                difference(&format!("{place}.{name}"), a, b)
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{place}[{index}]"), a, b))
        }
        _ if there == here => None,
        _ => Some(format!("{place} is {there} there and {here} here")),
    }
}

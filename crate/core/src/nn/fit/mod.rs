//! Training: options, the loop, what it tells, and going on after a stop.

mod accumulate;
mod average;
mod batches;
mod best;
mod checkpoint;
mod class_weights;
mod custom;
mod early_stopping;
mod events;
mod options;
mod rotation;
mod run;
mod source;
mod state;
mod step;
mod update;
mod validator;

pub(super) use accumulate::rows_of_part;
pub use average::EmaOptions;
pub use class_weights::ClassWeights;
pub use custom::{StepOptions, StepResult};
pub(super) use custom::{Steps, apply, gradients, step};
pub use events::{BatchEvent, Control, EpochEvent, FitFailure, FitObserver, Flow, History};
pub use options::{CheckpointOptions, EarlyStopping, FitOptions};
pub use source::{BatchSource, Source};
pub use state::Trained;

use super::Network;
use crate::error::Error;
use crate::parallel;
use run::Run;

/// Trains `network`. See [`Model::fit_from`](super::Model::fit_from).
pub(super) fn fit(
    network: &mut Network<f32>,
    trained: &mut Trained,
    mut data: Source<'_>,
    mut validation: Option<Source<'_>>,
    options: &FitOptions,
    control: &Control,
    observer: &mut dyn FitObserver,
) -> Result<History, FitFailure> {
    let early = |error: Error| FitFailure { error, history: Box::default() };
    let threads = options.threads.map_or_else(parallel::default_threads, Ok).map_err(early)?;
    let work = || {
        let (data, validation) = (data.reborrow(), validation.as_mut().map(Source::reborrow));
        let mut run = Run::new(network, *trained, data, validation, options).map_err(early)?;
        let result = run.train(control, observer);
        *trained = run.trained();
        let history = run.history();
        match result {
            Ok(()) => Ok(history),
            Err(error) => Err(FitFailure { error, history: Box::new(history) }),
        }
    };
    parallel::install(threads, work).map_err(early)?
}

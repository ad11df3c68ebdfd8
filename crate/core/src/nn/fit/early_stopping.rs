//! Patience: which epoch was best, and when to give up.

use serde::{Deserialize, Serialize};

use super::{EarlyStopping, EpochEvent};
use crate::error::{Code, Error, Result};
use crate::nn::metric::{Metric, MetricSums};

/// A figure of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Monitor {
    /// `None`: the loss.
    metric: Option<Metric>,
    validation: bool,
}

impl Monitor {
    /// The figure of that name.
    ///
    /// # Errors
    /// `ERR_OPTION` for a name that is none, or of a figure that is not measured in this run.
    pub(super) fn new(name: &str, metrics: &MetricSums, has_validation: bool) -> Result<Monitor> {
        let measured: Vec<Monitor> = [true, false]
            .into_iter()
            .filter(|validation| has_validation || !validation)
            .flat_map(|validation| {
                let metrics = Metric::ALL.into_iter().filter(|metric| metrics.has(*metric));
                std::iter::once(None)
                    .chain(metrics.map(Some))
                    .map(move |metric| Monitor { metric, validation })
            })
            .collect();
        measured.iter().copied().find(|monitor| monitor.name() == name).ok_or_else(|| {
            let names: Vec<String> = measured.iter().map(|monitor| monitor.name()).collect();
            let hint = if has_validation { "" } else { " (there is no validation data)" };
            Error::argument(
                Code::Option,
                "earlyStopping.monitor",
                name,
                format!("one of {} in this run{hint}", names.join(", ")),
            )
        })
    }

    fn name(self) -> String {
        let name = self.metric.map_or("loss", Metric::name);
        if !self.validation {
            return name.to_owned();
        }
        let (first, rest) = name.split_at(1);
        format!("validation{}{rest}", first.to_uppercase())
    }

    /// The figure of an epoch, such that less is better.
    fn cost(self, event: &EpochEvent) -> f64 {
        const MEASURED: &str = "`Monitor::new` accepts only what is measured";
        let value = match (self.metric, self.validation) {
            (None, false) => event.loss,
            (None, true) => event.validation_loss.expect(MEASURED),
            (Some(metric), false) => event.metrics[&metric],
            (Some(metric), true) => event.validation_metrics.as_ref().expect(MEASURED)[&metric],
        };
        if self.metric.is_some_and(Metric::higher_is_better) { -value } else { value }
    }
}

/// How long nothing has got better; part of every checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Patience {
    /// The best epoch and its cost.
    pub(super) best: Option<(u64, f64)>,
    /// Epochs since then.
    waited: u64,
}

impl Patience {
    /// Takes in an epoch; returns whether it is the best so far.
    pub(super) fn observe(&mut self, monitor: Monitor, options: &EarlyStopping, event: &EpochEvent) -> bool {
        let cost = monitor.cost(event);
        let improved = self.best.is_none_or(|(_, best)| cost < best - options.min_delta);
        if improved {
            *self = Patience { best: Some((event.epoch, cost)), waited: 0 };
        } else {
            self.waited += 1;
        }
        improved
    }

    /// Whether it is time to give up.
    pub(super) fn is_exhausted(&self, options: &EarlyStopping) -> bool {
        self.waited >= options.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::config::Output;

    fn event(epoch: u64, validation_loss: f64, accuracy: f64) -> EpochEvent {
        EpochEvent {
            epoch,
            epochs: 100,
            loss: 1.0,
            metrics: [(Metric::Accuracy, accuracy)].into(),
            validation_loss: Some(validation_loss),
            validation_metrics: Some([(Metric::Accuracy, accuracy)].into()),
            learning_rate: 0.1,
            seconds: 0.0,
        }
    }

    fn options(min_delta: f64) -> EarlyStopping {
        EarlyStopping { monitor: String::new(), patience: 2, min_delta, restore_best: true }
    }

    fn monitor(name: &str, has_validation: bool) -> Result<Monitor> {
        Monitor::new(name, &MetricSums::new(None, Output::Softmax)?, has_validation)
    }

    #[test]
    fn waits_for_improvement_by_more_than_the_least_that_counts() {
        let monitor = monitor("validationLoss", true).unwrap();
        let (options, mut patience) = (options(0.1), Patience::default());
        let mut epoch = 0;
        let mut see = |loss| {
            epoch += 1;
            (patience.observe(monitor, &options, &event(epoch, loss, 0.0)), patience.is_exhausted(&options))
        };
        assert_eq!(see(1.0), (true, false));
        assert_eq!(see(0.95), (false, false));
        assert_eq!(see(0.89), (true, false));
        assert_eq!(see(0.88), (false, false));
        assert_eq!(see(0.87), (false, true));
        assert_eq!(patience.best, Some((3, 0.89)));
    }

    #[test]
    fn more_accuracy_is_better() {
        let monitor = monitor("validationAccuracy", true).unwrap();
        let (options, mut patience) = (options(0.0), Patience::default());
        assert!(patience.observe(monitor, &options, &event(0, 1.0, 0.5)));
        assert!(patience.observe(monitor, &options, &event(1, 9.0, 0.6)));
        assert!(!patience.observe(monitor, &options, &event(2, 0.0, 0.6)));
    }

    #[test]
    fn what_is_not_measured_is_refused_with_what_is() {
        let error = monitor("validationLoss", false).unwrap_err();
        assert_eq!(error.code(), Code::Option);
        assert!(
            error.to_string().contains("one of loss, accuracy in this run (there is no validation data)"),
            "{error}"
        );
        let error = monitor("meanAbsoluteError", true).unwrap_err();
        assert!(error.to_string().contains("validationLoss, validationAccuracy, loss, accuracy"), "{error}");
    }
}

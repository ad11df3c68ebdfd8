//! Learning rates over time.

use serde::{Deserialize, Serialize};

use super::optimizer::check_learning_rate;
use crate::error::{Code, Error, Result};

/// How the learning rate changes, as a plain value. Times are in epochs (fractions allowed) and the rate is
/// worked out anew for each optimiser step.
///
/// JSON: a number, or `{"type":"cosine","initial":0.1}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// The rate.
        value: f64,
    },
    /// Multiplied by `factor` after every `every` epochs.
    Step {
        /// The rate at the start.
        initial: f64,
        /// What it is multiplied by, in `(0, 1]`.
        factor: f64,
        /// Epochs between two changes, above 0.
        every: f64,
    },
    /// Half a cosine from `initial` to `end`, which then stays (Loshchilov & Hutter 2017).
    Cosine {
        /// The rate at the start.
        initial: f64,
        /// The rate at the end. JSON: `final`. Default 0.
        end: f64,
        /// Epochs until the end, above 0. Default: all that are left of the training.
        over: Option<f64>,
    },
    /// Rises in a straight line over the first `over` epochs to where `next` starts; its time begins there.
    WarmUp {
        /// Epochs of rising, above 0.
        over: f64,
        /// What follows.
        next: Box<Schedule>,
    },
}

/// As a schedule stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Tagged(Tagged),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
enum Tagged {
    Constant {
        value: f64,
    },
    Step {
        initial: f64,
        factor: f64,
        every: f64,
    },
    Cosine {
        initial: f64,
        #[serde(rename = "final", default)]
        end: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<f64>,
    },
    WarmUp {
        over: f64,
        next: Box<Schedule>,
    },
}

impl From<Written> for Schedule {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(value) | Written::Tagged(Tagged::Constant { value }) => {
                Schedule::Constant { value }
            }
            Written::Tagged(Tagged::Step { initial, factor, every }) => {
                Schedule::Step { initial, factor, every }
            }
            Written::Tagged(Tagged::Cosine { initial, end, over }) => Schedule::Cosine { initial, end, over },
            Written::Tagged(Tagged::WarmUp { over, next }) => Schedule::WarmUp { over, next },
        }
    }
}

impl From<Schedule> for Written {
    fn from(schedule: Schedule) -> Self {
        Written::Tagged(match schedule {
            Schedule::Constant { value } => return Written::Number(value),
            Schedule::Step { initial, factor, every } => Tagged::Step { initial, factor, every },
            Schedule::Cosine { initial, end, over } => Tagged::Cosine { initial, end, over },
            Schedule::WarmUp { over, next } => Tagged::WarmUp { over, next },
        })
    }
}

impl Schedule {
    /// Checks every number.
    ///
    /// # Errors
    /// `ERR_RANGE` naming the number.
    pub fn validate(&self) -> Result<()> {
        let positive = |name: &str, value: f64, most: f64| {
            if value > 0.0 && value <= most {
                return Ok(());
            }
            let allowed =
                if most.is_finite() { format!("a number in (0, {most}]") } else { "above 0".to_owned() };
            Err(Error::argument(Code::Range, format!("learningRate.{name}"), value, allowed))
        };
        match self {
            Schedule::Constant { value } => check_learning_rate("learningRate", *value),
            Schedule::Step { initial, factor, every } => {
                check_learning_rate("learningRate.initial", *initial)?;
                positive("factor", *factor, 1.0)?;
                positive("every", *every, f64::MAX)
            }
            Schedule::Cosine { initial, end, over } => {
                check_learning_rate("learningRate.initial", *initial)?;
                check_learning_rate("learningRate.final", *end)?;
                over.map_or(Ok(()), |over| positive("over", over, f64::MAX))
            }
            Schedule::WarmUp { over, next } => {
                positive("over", *over, f64::MAX)?;
                next.validate()
            }
        }
    }

    /// Whether the rate never changes, however long an epoch is.
    pub fn is_constant(&self) -> bool {
        matches!(self, Schedule::Constant { .. })
    }

    /// The rate of optimiser step `step` (counted from 0) in a training of `epochs` epochs of `batches` steps.
    pub fn rate(&self, step: u64, batches: u64, epochs: u64) -> f64 {
        // One division: 49 steps of 1 / 49 are not quite an epoch.
        let (step, batches) = (step as f64, batches as f64);
        self.at(step / batches, 1.0 / batches, epochs as f64)
    }

    /// The rate after `time` epochs; `tick` is the length of a step and `left` what the training lasts, in epochs.
    fn at(&self, time: f64, tick: f64, left: f64) -> f64 {
        match self {
            Schedule::Constant { value } => *value,
            Schedule::Step { initial, factor, every } => initial * libm::pow(*factor, (time / every).floor()),
            Schedule::Cosine { initial, end, over } => {
                let part = (time / over.unwrap_or(left)).clamp(0.0, 1.0);
                end + (initial - end) * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * part))
            }
            // A step ahead of the line through zero: the first step learns, the last one has the full rate.
            Schedule::WarmUp { over, next } if time < *over => {
                next.at(0.0, tick, left - over) * ((time + tick) / over).min(1.0)
            }
            Schedule::WarmUp { over, next } => next.at(time - over, tick, left - over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Schedule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn constant_is_a_number() {
        assert_eq!(parse("0.1"), Schedule::Constant { value: 0.1 });
        assert_eq!(parse(r#"{"type":"constant","value":0.1}"#).rate(99, 10, 5), 0.1);
        assert_eq!(serde_json::to_string(&parse("0.1")).unwrap(), "0.1");
    }

    #[test]
    fn step_falls_at_epoch_borders() {
        let schedule = parse(r#"{"type":"step","initial":1,"factor":0.5,"every":2}"#);
        let rates: Vec<f64> = (0..12).map(|step| schedule.rate(step, 2, 6)).collect();
        assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]);
    }

    #[test]
    fn epochs_end_on_time_whatever_their_length() {
        let schedule = parse(r#"{"type":"step","initial":1,"factor":0.5,"every":1}"#);
        for batches in 1..1000 {
            for epoch in [1, 2, 7] {
                assert_eq!(
                    schedule.rate(epoch * batches, batches, 9),
                    0.5f64.powi(epoch as i32),
                    "{batches}"
                );
                assert_eq!(schedule.rate(epoch * batches - 1, batches, 9), 0.5f64.powi(epoch as i32 - 1));
            }
        }
    }

    #[test]
    fn cosine_goes_half_way_in_half_the_time_and_stays_at_its_end() {
        let schedule = parse(r#"{"type":"cosine","initial":1,"final":0.2,"over":4}"#);
        assert_eq!(schedule.rate(0, 10, 100), 1.0);
        assert!((schedule.rate(20, 10, 100) - 0.6).abs() < 1e-15);
        assert_eq!(schedule.rate(40, 10, 100), 0.2);
        assert_eq!(schedule.rate(500, 10, 100), 0.2);
        let whole = parse(r#"{"type":"cosine","initial":1}"#);
        assert!((whole.rate(15, 3, 10) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn warm_up_learns_at_once_and_hands_over_at_the_full_rate() {
        let schedule = parse(r#"{"type":"warmUp","over":2,"next":{"type":"cosine","initial":1}}"#);
        let rates: Vec<f64> = (0..6).map(|step| schedule.rate(step, 2, 4)).collect();
        assert_eq!(&rates[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!((rates[5] - 0.5 * (1.0 + (std::f64::consts::PI / 4.0).cos())).abs() < 1e-15);
    }

    #[test]
    fn bad_numbers_and_unknown_fields_are_refused() {
        for json in [
            "-1",
            r#"{"type":"step","initial":1,"factor":0,"every":1}"#,
            r#"{"type":"step","initial":1,"factor":0.5,"every":0}"#,
            r#"{"type":"cosine","initial":1,"over":-2}"#,
            r#"{"type":"warmUp","over":0,"next":1}"#,
            r#"{"type":"warmUp","over":1,"next":1e9}"#,
        ] {
            assert_eq!(parse(json).validate().unwrap_err().code(), Code::Range, "{json}");
        }
        assert!(serde_json::from_str::<Schedule>(r#"{"type":"constant","value":1,"extra":2}"#).is_err());
    }
}

//! What the passes say about a prediction.

use super::Moments;
use crate::nn::Output;

/// The result of Monte Carlo dropout.
///
/// Row-major arrays. d is the number of predicted quantities of a row: the model's output width, or the means of
/// a gaussian output. Entropies are in nats, with one value a row for `softmax` and d for `sigmoid`, whose
/// outputs are separate questions; a regression has none.
#[derive(Clone, Debug, PartialEq)]
pub struct MonteCarlo {
    /// Rows predicted.
    pub rows: usize,
    /// d.
    pub width: usize,
    /// Passes of each row.
    pub passes: u32,
    /// Mean over the passes, [rows, d]: probabilities for `softmax` and `sigmoid`.
    pub mean: Vec<f64>,
    /// Unbiased variance over the passes, [rows, d].
    pub variance: Vec<f64>,
    /// Standard error of `mean`, the root of variance / passes, [rows, d].
    pub standard_error: Vec<f64>,
    /// Entropy of the mean prediction: the whole uncertainty.
    pub predictive_entropy: Option<Vec<f64>>,
    /// Mean entropy of the passes' predictions: what is uncertain whatever the weights.
    pub expected_entropy: Option<Vec<f64>>,
    /// `predictive_entropy - expected_entropy`: what the passes disagree about (BALD, Houlsby et al. 2011). Biased
    /// upwards by a finite number of passes.
    pub mutual_information: Option<Vec<f64>>,
    /// Variance that more data could remove, [rows, d]: `variance`. Regressions only.
    pub epistemic: Option<Vec<f64>>,
    /// Variance of the noise, [rows, d]: the mean predicted variance of a gaussian output, 1 / precision where
    /// that was given for an `identity` output.
    pub aleatoric: Option<Vec<f64>>,
    /// Every pass's prediction, [passes, rows, d], if they were kept.
    pub samples: Option<Vec<f32>>,
}

/// Entropy of a distribution over classes, in nats; 0 ln 0 = 0, and NaN where a probability is NaN.
pub fn entropy(probabilities: &[f64]) -> f64 {
    probabilities.iter().map(|&p| surprise(p)).sum()
}

/// Entropy of a yes-or-no question that is yes with probability `p`, in nats.
pub fn binary_entropy(p: f64) -> f64 {
    surprise(p) + surprise(1.0 - p)
}

fn surprise(p: f64) -> f64 {
    // Written so that NaN, of which nothing is certain, stays NaN.
    if p <= 0.0 { 0.0 } else { -p * libm::log(p) }
}

/// What is gathered of each pass of a row: its prediction, then its entropies or its predicted variances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantities {
    output: Output,
    /// d.
    pub(super) width: usize,
}

impl Quantities {
    pub(super) fn new(output: Output, logits: usize) -> Self {
        Quantities { output, width: if output == Output::Gaussian { logits / 2 } else { logits } }
    }

    /// Quantities of a row.
    pub(super) fn len(self) -> usize {
        self.width + self.extra()
    }

    fn extra(self) -> usize {
        match self.output {
            Output::Softmax => 1,
            Output::Sigmoid | Output::Gaussian => self.width,
            Output::Identity => 0,
        }
    }

    /// Writes the quantities of a pass from what the model predicts in it.
    pub(super) fn of(self, predicted: &[f32], out: &mut [f64]) {
        let (own, extra) = out.split_at_mut(self.width);
        for (out, value) in own.iter_mut().zip(predicted) {
            *out = f64::from(*value);
        }
        match self.output {
            Output::Identity => {}
            Output::Softmax => extra[0] = entropy(own),
            Output::Sigmoid => {
                extra.iter_mut().zip(own).for_each(|(entropy, p)| *entropy = binary_entropy(*p));
            }
            Output::Gaussian => {
                for (variance, log_variance) in extra.iter_mut().zip(&predicted[self.width..]) {
                    *variance = libm::exp(f64::from(*log_variance));
                }
            }
        }
    }

    /// The measures of `rows` rows from their moments.
    pub(super) fn finish(
        self,
        moments: &Moments,
        precision: Option<f64>,
        samples: Option<Vec<f32>>,
    ) -> MonteCarlo {
        let each = self.len();
        let rows = moments.mean().len() / each;
        let own = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            values.enumerate().filter(|(i, _)| i % each < self.width).map(|(_, value)| value).collect()
        };
        let extra: Vec<f64> = (0..rows)
            .flat_map(|row| &moments.mean()[row * each + self.width..(row + 1) * each])
            .copied()
            .collect();
        let mean = own(&mut moments.mean().iter().copied());
        let variance = own(&mut moments.variance());
        let passes = moments.count();
        let standard_error = variance.iter().map(|variance| (variance / passes as f64).sqrt()).collect();

        let predictive_entropy: Option<Vec<f64>> = match self.output {
            Output::Softmax => Some(mean.chunks_exact(self.width).map(entropy).collect()),
            Output::Sigmoid => Some(mean.iter().copied().map(binary_entropy).collect()),
            Output::Identity | Output::Gaussian => None,
        };
        let is_regression = predictive_entropy.is_none();
        let mutual_information = predictive_entropy.as_ref().map(|predictive| {
            // Entropy is concave, so the difference is negative by rounding only. `max` would make 0 of NaN.
            let information = |(whole, expected)| if whole < expected { 0.0 } else { whole - expected };
            predictive.iter().zip(&extra).map(information).collect()
        });
        let aleatoric = match self.output {
            Output::Gaussian => Some(extra.clone()),
            Output::Identity => precision.map(|precision| vec![1.0 / precision; mean.len()]),
            _ => None,
        };
        MonteCarlo {
            rows,
            width: self.width,
            passes: passes as u32,
            standard_error,
            predictive_entropy,
            expected_entropy: (!is_regression).then_some(extra),
            mutual_information,
            epistemic: is_regression.then(|| variance.clone()),
            aleatoric,
            mean,
            variance,
            samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The measures of two passes of one row.
    fn two(output: Output, passes: [&[f32]; 2]) -> MonteCarlo {
        let quantities = Quantities::new(output, passes[0].len());
        let mut moments = Moments::new(quantities.len());
        for pass in passes {
            let mut out = vec![f64::NAN; quantities.len()];
            quantities.of(pass, &mut out);
            moments.add(&out);
        }
        quantities.finish(&moments, None, None)
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    }

    #[test]
    fn two_passes_that_disagree_share_information() {
        for (first, second, information) in
            [(0.1, 0.9, 0.368064), (0.5, 0.5, 0.0), (0.0, 1.0, std::f64::consts::LN_2)]
        {
            let softmax = two(Output::Softmax, [&[first, 1.0 - first], &[second, 1.0 - second]]);
            close(softmax.mutual_information.unwrap()[0], information);
            let sigmoid = two(Output::Sigmoid, [&[first], &[second]]);
            close(sigmoid.mutual_information.unwrap()[0], information);
        }
    }

    #[test]
    fn the_variance_of_a_label_is_epistemic_and_aleatoric() {
        // Passes .1 and .9: p (1 - p) at the mean = .25 = .16 (variance of p) + .09 (mean of p (1 - p)).
        let result = two(Output::Sigmoid, [&[0.1], &[0.9]]);
        let biased = result.variance[0] / 2.0;
        close(result.mean[0] * (1.0 - result.mean[0]), 0.25);
        close(biased, 0.16);
        close(0.25 - biased, 0.09);
        close(result.standard_error[0], (0.32f64 / 2.0).sqrt());
    }

    #[test]
    fn what_is_not_a_number_is_never_certain() {
        const NAN: f32 = f32::NAN;
        let softmax = two(Output::Softmax, [&[NAN, NAN], &[0.5, 0.5]]);
        let sigmoid = two(Output::Sigmoid, [&[NAN], &[0.5]]);
        for result in [softmax, sigmoid] {
            for measure in [result.predictive_entropy, result.expected_entropy, result.mutual_information] {
                assert!(measure.unwrap()[0].is_nan());
            }
        }
        let gaussian = two(Output::Gaussian, [&[NAN, NAN], &[1.0, 0.0]]);
        assert!(gaussian.epistemic.unwrap()[0].is_nan() && gaussian.aleatoric.unwrap()[0].is_nan());
    }

    #[test]
    fn a_gaussian_output_has_noise_of_its_own() {
        let (ln2, ln4) = (2f32.ln(), 4f32.ln());
        let result = two(Output::Gaussian, [&[1.0, 10.0, ln2, 0.0], &[3.0, 10.0, ln4, 0.0]]);
        assert_eq!(result.width, 2);
        assert_eq!(result.mean, [2.0, 10.0]);
        assert_eq!(result.epistemic.unwrap(), [2.0, 0.0]);
        let aleatoric = result.aleatoric.unwrap();
        close(aleatoric[0], 3.0);
        close(aleatoric[1], 1.0);
        assert!(result.predictive_entropy.is_none() && result.mutual_information.is_none());
    }

    #[test]
    fn entropies_worked_by_hand() {
        close(entropy(&[0.25; 4]), 4f64.ln());
        assert_eq!(entropy(&[0.0, 1.0]), 0.0);
        close(binary_entropy(0.5), std::f64::consts::LN_2);
        close(binary_entropy(0.1), entropy(&[0.1, 0.9]));
    }
}

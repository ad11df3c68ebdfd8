import type { Labels, Probabilities } from './probabilities.js'
import { type ReliabilityOptions, reliability } from './reliability.js'

/**
 * The expected calibration error: the mean distance between confidence and accuracy over the bins of the reliability
 * diagram, each bin weighted by its rows: `sum_b n_b/n |accuracy_b - confidence_b|`. Its value depends on the number
 * of bins and is biased upward for few rows: compare it between models on the same rows, and read it beside
 * `negativeLogLikelihood` or `brier`, which are proper scores.
 *
 * @param labels - true classes, `n` integers from 0.
 * @param probabilities - `n x classes`, or `n x 1` with the probability of class 1.
 * @returns a number from 0 to 1; 0 is calibrated.
 * @throws `ERR_TYPE`, `ERR_OPTION`, `ERR_EMPTY`, `ERR_SHAPE`, `ERR_LABEL` or `ERR_RANGE` for input that is not as
 * described.
 * Cost: one pass. Source: Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017, equation 3.
 *
 * @example
 * expectedCalibrationError([1, 0], [0.8, 0.8]) // says 0.8, is right half the time: 0.3
 */
export function expectedCalibrationError(
  labels: Labels,
  probabilities: Probabilities,
  options: ReliabilityOptions = {},
): number {
  const bins = reliability(labels, probabilities, options)
  const weighted = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.confidence), 0)
  return weighted / labels.length
}

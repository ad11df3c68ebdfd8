import { type Labels, Predictions, type Probabilities } from './probabilities.js'

/**
 * The negative log likelihood, also called log loss or cross-entropy: `-1/n sum_i ln p_i(y_i)`, in nats. Proper, and
 * unforgiving: one row whose true class was given probability 0 makes it infinite, since that is what the formula says
 * of a model that ruled out what happened. Nothing is clipped. Where single precision rounds a confident prediction to
 * exactly 0 or 1, `evaluate` has the loss computed from the logits, which is exact.
 *
 * @param labels - true classes, `n` integers from 0.
 * @param probabilities - `n x classes`, or `n x 1` with the probability of class 1.
 * @returns a number from 0, possibly `Infinity`; lower is better, and `ln classes` is as good as knowing nothing.
 * @throws `ERR_TYPE`, `ERR_EMPTY`, `ERR_SHAPE`, `ERR_LABEL` or `ERR_RANGE` for input that is not as described.
 * Cost: one pass with a logarithm a row.
 *
 * @example
 * negativeLogLikelihood([1, 0], [0.5, 0.5]) // ln 2 = 0.6931
 */
export function negativeLogLikelihood(labels: Labels, probabilities: Probabilities): number {
  const predictions = new Predictions(labels, probabilities)
  let sum = 0
  for (let row = 0; row < predictions.rows; row++) {
    sum -= Math.log(predictions.probability(row, predictions.label(row)))
  }
  return sum / predictions.rows
}

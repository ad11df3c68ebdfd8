import { type Labels, Predictions, type Probabilities } from './probabilities.js'

/**
 * The Brier score: the mean squared distance between the predicted probabilities and what happened. Proper: it is
 * smallest, in expectation, for the true probabilities.
 *
 * - `n x classes`: `1/n sum_i sum_c (p_ic - [y_i = c])^2`, from 0 to 2 (Brier 1950, "Verification of forecasts
 *   expressed in terms of probability").
 * - `n x 1`: `1/n sum_i (p_i - y_i)^2`, from 0 to 1, the form used for a single probability. The same predictions
 *   written as two columns score twice as much.
 *
 * @param labels - true classes, `n` integers from 0.
 * @param probabilities - `n x classes`, or `n x 1` with the probability of class 1.
 * @returns the score; lower is better.
 * @throws `ERR_TYPE`, `ERR_EMPTY`, `ERR_SHAPE`, `ERR_LABEL` or `ERR_RANGE` for input that is not as described.
 * Cost: one pass.
 *
 * @example
 * brier([1, 0], [0.8, 0.4]) // (0.2^2 + 0.4^2) / 2 = 0.1
 */
export function brier(labels: Labels, probabilities: Probabilities): number {
  const predictions = new Predictions(labels, probabilities)
  let sum = 0
  for (let row = 0; row < predictions.rows; row++) {
    const label = predictions.label(row)
    if (predictions.columns === 1) {
      sum += (predictions.probability(row, 1) - label) ** 2
      continue
    }
    for (let other = 0; other < predictions.columns; other++) {
      sum += (predictions.probability(row, other) - (other === label ? 1 : 0)) ** 2
    }
  }
  return sum / predictions.rows
}

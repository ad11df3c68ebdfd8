import { type Labels, Predictions, type Probabilities } from './probabilities.js'

/**
 * The share of rows whose most probable class is the true one. Between equally probable classes the lowest is
 * predicted, so a sigmoid output says class 1 only above 0.5.
 *
 * @param labels - true classes, `n` integers from 0.
 * @param probabilities - `n x classes`, or `n x 1` with the probability of class 1.
 * @returns a number from 0 to 1; higher is better.
 * @throws `ERR_TYPE`, `ERR_EMPTY`, `ERR_SHAPE`, `ERR_LABEL` or `ERR_RANGE` for input that is not as described.
 * Cost: one pass.
 *
 * @example
 * accuracy([1, 0, 1], [0.9, 0.2, 0.4]) // 2/3
 */
export function accuracy(labels: Labels, probabilities: Probabilities): number {
  const predictions = new Predictions(labels, probabilities)
  let correct = 0
  for (let row = 0; row < predictions.rows; row++) {
    if (predictions.top(row).label === predictions.label(row)) correct++
  }
  return correct / predictions.rows
}

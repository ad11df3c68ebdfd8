import { checkInteger } from '../validate/number.js'
import { checkOptions } from '../validate/options.js'
import { type Labels, Predictions, type Probabilities } from './probabilities.js'

/** Options of {@link reliability} and `expectedCalibrationError`. */
export interface ReliabilityOptions {
  /**
   * How many bins of equal width divide the confidences from 0 to 1, in `[1, 10000]`.
   *
   * @default 15
   */
  readonly bins?: number | undefined
}

/** One bar of a reliability diagram: the rows whose confidence lies in `(from, to]` (the first bin includes 0). */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  /** Rows in the bin; bins without any are not listed. */
  readonly count: number
  /** The mean probability given to the predicted class. */
  readonly confidence: number
  /** The share of rows whose predicted class was the true one. */
  readonly accuracy: number
}

const OPTIONS = new Set(['bins'])
const DEFAULT_BINS = 15
const MAX_BINS = 10_000

/**
 * A reliability diagram: rows grouped by how confident the prediction was, with how often it was right. A calibrated
 * model is right 80 % of the time when it says 80 %. Confidence is the probability of the predicted class.
 *
 * @param labels - true classes, `n` integers from 0.
 * @param probabilities - `n x classes`, or `n x 1` with the probability of class 1.
 * @returns the bins that hold rows, by rising confidence.
 * @throws `ERR_TYPE`, `ERR_OPTION`, `ERR_EMPTY`, `ERR_SHAPE`, `ERR_LABEL` or `ERR_RANGE` for input that is not as
 * described.
 * Cost: one pass. Source: Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks".
 */
export function reliability(
  labels: Labels,
  probabilities: Probabilities,
  options: ReliabilityOptions = {},
): ReliabilityBin[] {
  checkOptions(options, OPTIONS)
  const bins = checkInteger(options.bins, 'bins', 1, MAX_BINS, DEFAULT_BINS)
  const predictions = new Predictions(labels, probabilities)
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }))
  for (let row = 0; row < predictions.rows; row++) {
    const { label, confidence } = predictions.top(row)
    const sum = sums[Math.max(0, Math.ceil(confidence * bins) - 1)]!
    sum.count++
    sum.confidence += confidence
    if (label === predictions.label(row)) sum.correct++
  }
  return sums.flatMap(({ count, confidence, correct }, bin) => {
    if (count === 0) return []
    return {
      from: bin / bins,
      to: (bin + 1) / bins,
      count,
      confidence: confidence / count,
      accuracy: correct / count,
    }
  })
}

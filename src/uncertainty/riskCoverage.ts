import { argumentError } from '../errors.js'
import { ascending, checkNumbers } from './numbers.js'

/** What happens to the error when the least certain rows are declined; see {@link riskCoverage}. */
export interface RiskCoverage {
  /** Share of rows that are answered: `k / n` for `k = 1 .. n`. */
  readonly coverage: Float64Array
  /** Mean loss of the `k` most certain rows. */
  readonly risk: Float64Array
  /** The area under the curve (AURC), the mean of `risk`: lower is better, and the mean loss is as good as guessing. */
  readonly area: number
}

/**
 * The risk-coverage curve of a model that may say "I don't know": rows are answered from the most certain to the least
 * certain, and the mean loss of those answered is recorded at each step. The last point is the plain mean loss.
 *
 * Equally uncertain rows have no order: each point inside such a group is the expected risk when the group is answered
 * in random order, so the curve does not depend on the order of the rows.
 *
 * @param losses - the loss of each row, from 0: for instance 1 where the prediction was wrong and 0 where it was right.
 * @param uncertainty - one number a row, higher meaning less certain: `predictiveEntropy`, `mutualInformation`, or
 * one minus the confidence.
 * @returns the curve, `n` points.
 * @throws `ERR_TYPE` for what is no list of numbers, `ERR_EMPTY` for an empty one, `ERR_SHAPE` where the lengths differ,
 * `ERR_RANGE` for NaN or negative losses and NaN uncertainty.
 * Cost: a sort, `O(n log n)`. Source: El-Yaniv & Wiener 2010; area: Geifman, Uziel & El-Yaniv 2019.
 *
 * @example
 * riskCoverage([0, 1, 0, 0], [0.1, 0.9, 0.2, 0.3]).risk // 0, 0, 0, 0.25: the one mistake was the least certain row
 */
export function riskCoverage(losses: ArrayLike<number>, uncertainty: ArrayLike<number>): RiskCoverage {
  check(losses, uncertainty)
  const rows = losses.length
  const order = ascending(uncertainty)
  const coverage = Float64Array.from({ length: rows }, (_, index) => (index + 1) / rows)
  const risk = new Float64Array(rows)
  let before = 0
  for (let start = 0; start < rows; ) {
    let end = start
    let group = 0
    while (end < rows && uncertainty[order[end]!] === uncertainty[order[start]!])
      group += losses[order[end++]!]!
    const mean = group / (end - start)
    for (let index = start; index < end; index++)
      risk[index] = (before + mean * (index + 1 - start)) / (index + 1)
    before += group
    start = end
  }
  return { coverage, risk, area: risk.reduce((sum, value) => sum + value, 0) / rows }
}

function check(losses: ArrayLike<number>, uncertainty: ArrayLike<number>): void {
  checkNumbers(losses, 'losses')
  checkNumbers(uncertainty, 'uncertainty')
  if (uncertainty.length !== losses.length) {
    const allowed = `${losses.length}, one for each loss`
    throw argumentError('ERR_SHAPE', 'uncertainty.length', uncertainty.length, allowed)
  }
  for (let row = 0; row < losses.length; row++) {
    if (!(losses[row]! >= 0))
      throw argumentError('ERR_RANGE', `losses[${row}]`, losses[row]!, 'a number from 0')
    if (Number.isNaN(uncertainty[row]!))
      throw argumentError('ERR_RANGE', `uncertainty[${row}]`, NaN, 'a number')
  }
}

import { argumentError, mismatch } from '../errors.js'
import { ascending, checkNumbers } from './numbers.js'
import type { Labels } from './probabilities.js'

/**
 * The area under the receiver operating characteristic: the probability that a random row of class 1 scores higher
 * than a random row of class 0, equal scores counting one half. This is the Mann-Whitney statistic
 * `(R - m(m + 1)/2) / (m n)` with `R` the sum of the ranks of the `m` rows of class 1 and tied scores sharing their
 * mean rank, so it does not depend on the order of the rows.
 *
 * @param labels - 0 or 1 for each row; both must occur.
 * @param scores - one number a row, higher meaning "more likely class 1": probabilities, logits, or an uncertainty
 * that should tell wrong predictions from right ones. Infinities are allowed, NaN is not.
 * @returns a number from 0 to 1; 0.5 is as good as guessing.
 * @throws `ERR_TYPE` for what is no list of numbers, `ERR_EMPTY` for an empty one, `ERR_SHAPE` where the lengths differ,
 * `ERR_LABEL` for labels other than 0 and 1 or only one of them, `ERR_RANGE` for a NaN score.
 * Cost: a sort, `O(n log n)`. Source: Hanley & McNeil 1982.
 *
 * @example
 * auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) // 3 of 4 pairs in order: 0.75
 */
export function auroc(labels: Labels, scores: ArrayLike<number>): number {
  const positives = countPositives(labels, scores)
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) {
    throw mismatch('ERR_LABEL', 'labels', 'only one of them', 'of both classes, 0 and 1')
  }
  const order = ascending(scores)
  let rankSum = 0
  for (let start = 0; start < order.length; ) {
    let end = start
    let tiedPositives = 0
    while (end < order.length && scores[order[end]!] === scores[order[start]!])
      tiedPositives += labels[order[end++]!]!
    rankSum += (tiedPositives * (start + 1 + end)) / 2
    start = end
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

function countPositives(labels: Labels, scores: ArrayLike<number>): number {
  checkNumbers(labels, 'labels')
  checkNumbers(scores, 'scores')
  if (scores.length !== labels.length) {
    throw argumentError('ERR_SHAPE', 'scores.length', scores.length, `${labels.length}, one for each label`)
  }
  let positives = 0
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!
    if (label !== 0 && label !== 1) throw argumentError('ERR_LABEL', `labels[${row}]`, label, '0 or 1')
    if (Number.isNaN(scores[row]!)) throw argumentError('ERR_RANGE', `scores[${row}]`, NaN, 'a number')
    positives += label
  }
  return positives
}

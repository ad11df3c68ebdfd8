import { accuracy, auroc, riskCoverage } from '../../uncertainty/index.js'
import type { Declined } from './result.js'
import type { Trial } from './trial.js'

/** Share of the test cases that is declined. */
const SHARE = 0.1

/** What declining the cases of the largest predictive entropy does to the accuracy. */
export function declineLeastCertain({ test, passes }: Pick<Trial, 'test' | 'passes'>): Declined {
  const entropy = passes.predictiveEntropy!
  const wrong = Array.from(test.y, (label, row) => (passes.mean[row]! > 0.5 === (label === 1) ? 0 : 1))
  const cases = Math.round(SHARE * wrong.length)
  return {
    share: SHARE,
    cases,
    accuracyOfAll: accuracy(test.y, passes.mean),
    accuracyOfRest: 1 - riskCoverage(wrong, entropy).risk[wrong.length - cases - 1]!,
    aurocOfErrors: wrong.includes(1) && wrong.includes(0) ? auroc(wrong, entropy) : null,
  }
}

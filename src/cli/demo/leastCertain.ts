import type { MonteCarloPrediction } from '../../nn/index.js'
import type { Quantiles } from '../plot/spread.js'
import type { UncertainCase } from './result.js'
import { type Cases, DIAGNOSES } from './tumours.js'

/** The `count` cases of the largest predictive entropy, the least certain first. */
export function leastCertain(test: Cases, passes: MonteCarloPrediction, count: number): UncertainCase[] {
  const entropy = passes.predictiveEntropy!
  const order = Array.from(entropy.keys()).sort((a, b) => entropy[b]! - entropy[a]! || a - b)
  return order.slice(0, count).map((row) => ({
    row: test.ids[row]!,
    diagnosis: DIAGNOSES[test.y[row] as 0 | 1],
    mean: passes.mean[row]!,
    standardDeviation: Math.sqrt(passes.variance[row]!),
    quantiles: quantilesOf(samplesOf(passes, row)),
    predictiveEntropy: entropy[row]!,
    mutualInformation: passes.mutualInformation![row]!,
  }))
}

/** What each pass said about one row. */
function samplesOf({ samples, rows }: MonteCarloPrediction, row: number): Float32Array {
  return samples!.filter((_, index) => index % rows === row)
}

function quantilesOf(samples: Float32Array): Quantiles {
  const sorted = samples.toSorted()
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  return { p05: at(0.05), p25: at(0.25), median: at(0.5), p75: at(0.75), p95: at(0.95) }
}

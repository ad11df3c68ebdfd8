import { deviance, stirlingError } from './deviance.js'

/** The probability of `k` successes in `n` trials of probability `p`, by Loader's saddle-point expansion (2000). */
export function binomialPoint(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0
  if (p <= 0) return k === 0 ? 1 : 0
  if (p >= 1) return k === n ? 1 : 0
  if (k === 0) return Math.exp(n * Math.log1p(-p))
  if (k === n) return Math.exp(n * Math.log(p))
  const correction = stirlingError(n) - stirlingError(k) - stirlingError(n - k)
  const exponent = correction - deviance(k, n * p) - deviance(n - k, n * (1 - p))
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * k * (n - k)))
}

/** The probabilities of fewer than `k`, of `k` and of more than `k` successes. Exact; O(sqrt(n)). */
export function binomial(k: number, n: number, p: number): { below: number; at: number; above: number } {
  const at = binomialPoint(k, n, p)
  if (p <= 0 || p >= 1) return { below: k > n * p ? 1 : 0, at, above: k < n * p ? 1 : 0 }
  // The tail that does not hold the mean is summed from its largest term outwards; the other one is the rest.
  if (k > n * p) {
    const above = at * outwards(k, n, p / (1 - p))
    return { below: Math.max(0, 1 - at - above), at, above }
  }
  const below = at * outwards(n - k, n, (1 - p) / p)
  return { below, at, above: Math.max(0, 1 - at - below) }
}

/** The sum of the terms past `k`, in units of the term at `k`, where they fall. */
function outwards(k: number, n: number, odds: number): number {
  let sum = 0
  let term = 1
  for (let i = k; i < n; i += 1) {
    term *= ((n - i) / (i + 1)) * odds
    sum += term
    if (term < sum * 1e-17) break
  }
  return sum
}

/** How likely a count is at least as far out as `k` on its side, twice: the exact two-sided test. */
export function binomialTest(k: number, n: number, p: number): number {
  const { below, at, above } = binomial(k, n, p)
  return Math.min(1, 2 * (at + Math.min(below, above)))
}

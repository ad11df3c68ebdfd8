// Catherine Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000): probabilities as a small
// correction times the exponential of a deviance, which keeps all digits where logarithms of factorials would cancel.

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/** Below it the series of {@link stirlingError} needs more terms than it has. */
const SERIES_FROM = 16

/** ln Γ(x + 1) less Stirling's formula for it, for x > 0 (Loader's δ): about 1 / (12 x). */
export function stirlingError(x: number): number {
  let shift = 0
  let y = x
  // δ(x) = δ(x + 1) + the same for the factor between them.
  for (; y < SERIES_FROM; y += 1) shift += (y + 0.5) * Math.log1p(1 / y) - 1
  const s = 1 / (y * y)
  return shift + (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / y
}

/** x ln(x / mean) + mean - x, without cancellation where the two are close (Loader's D0). */
export function deviance(x: number, mean: number): number {
  const difference = x - mean
  if (Math.abs(difference) >= 0.1 * (x + mean)) return x * Math.log(x / mean) - difference
  const v = difference / (x + mean)
  let sum = difference * v
  let power = 2 * x * v
  for (let odd = 3; ; odd += 2) {
    power *= v * v
    const next = sum + power / odd
    if (next === sum) return sum
    sum = next
  }
}

/** x^a e^-x / Γ(a + 1), for a > 0 and x > 0: for whole a the probability of a under Poisson's law of mean x. */
export function poissonTerm(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - deviance(a, x) - HALF_LOG_TWO_PI - 0.5 * Math.log(a))
}

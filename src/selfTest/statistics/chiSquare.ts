import { incompleteGamma } from './gamma.js'

/** The probability that chi-square with `freedom` degrees of freedom is above `x`. */
export function chiSquareAbove(x: number, freedom: number): number {
  return incompleteGamma(freedom / 2, x / 2).upper
}

/** Twice the smaller tail: counts that are too even are as suspicious as uneven ones. */
export function chiSquareTest(x: number, freedom: number): number {
  const { lower, upper } = incompleteGamma(freedom / 2, x / 2)
  return Math.min(1, 2 * Math.min(lower, upper))
}

import { poissonTerm } from './deviance.js'

const EPSILON = 2 ** -53
const TINY = 1e-300

/** The regularised incomplete gamma functions P(a, x) and Q(a, x), for a > 0 and x >= 0: DLMF 8.2.4. */
export function incompleteGamma(a: number, x: number): { lower: number; upper: number } {
  if (x <= 0) return { lower: 0, upper: 1 }
  const term = poissonTerm(a, x)
  if (x < a + 1) {
    const lower = Math.min(1, term * series(a, x))
    return { lower, upper: 1 - lower }
  }
  const upper = Math.min(1, term * a * fraction(a, x))
  return { lower: 1 - upper, upper }
}

/** P(a, x) in units of x^a e^-x / Γ(a + 1): DLMF 8.7.1. */
function series(a: number, x: number): number {
  let sum = 1
  let term = 1
  for (let n = 1; term > sum * EPSILON; n += 1) {
    term *= x / (a + n)
    sum += term
  }
  return sum
}

/** Q(a, x) in units of x^a e^-x / Γ(a): the even part of DLMF 8.9.2, by Lentz's method. */
function fraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let value = d
  for (let n = 1; ; n += 1) {
    const numerator = n * (a - n)
    b += 2
    d = 1 / awayFromZero(numerator * d + b)
    c = awayFromZero(b + numerator / c)
    value *= c * d
    if (Math.abs(c * d - 1) <= 2 * EPSILON) return value
  }
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}

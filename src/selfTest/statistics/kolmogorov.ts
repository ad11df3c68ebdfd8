import { binomialPoint } from './binomial.js'

/** The largest distance between the empirical distribution of numbers in [0, 1] and the uniform one. */
export function kolmogorovDistance(numbers: Float64Array): number {
  const sorted = numbers.toSorted()
  const n = sorted.length
  return sorted.reduce((most, x, i) => Math.max(most, x - i / n, (i + 1) / n - x), 0)
}

/**
 * How likely `n` uniform numbers are at least `distance` from uniform on one side: exact (Birnbaum & Tingey 1951). The
 * term C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j) is a binomial probability over its own d + j/n.
 */
export function kolmogorovOneSided(distance: number, n: number): number {
  if (distance <= 0) return 1
  let sum = 0
  for (let j = 0; j <= n * (1 - distance); j += 1) {
    const p = distance + j / n
    sum += binomialPoint(j, n, p) / p
  }
  return Math.min(1, distance * sum)
}

/**
 * The Kolmogorov-Smirnov test against the uniform distribution: twice the one-sided probability. That counts what is
 * far off on both sides twice, which is nothing where it matters: by Kolmogorov's series (1933) a share p^3 / 8 of a
 * p-value p. Large p-values come out too large.
 */
export function kolmogorovTest(distance: number, n: number): number {
  return Math.min(1, 2 * kolmogorovOneSided(distance, n))
}

import type { ExecutionContext } from 'ava'

/** Equal to the rounding error of a short sum in double precision. */
export function near(t: ExecutionContext, actual: number, expected: number): void {
  const tolerance = 1e-12 * Math.max(1, Math.abs(expected))
  t.true(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`)
}

import { incompleteGamma } from './gamma.js'

/** The probability that a standard normal is at least as far from 0 as `z`: Q(1/2, z^2 / 2). */
export function normalTest(z: number): number {
  return incompleteGamma(0.5, (z * z) / 2).upper
}

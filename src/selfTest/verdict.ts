import type { Finding } from './part.js'

/**
 * The p-values of Holm's step-down method (1979), for each finding: whoever refuses those below a level is wrong about
 * any of them with at most that probability, however the tests depend on one another.
 */
export function holm(findings: readonly Pick<Finding, 'pValue'>[]): number[] {
  const order = findings.map(({ pValue }, index) => ({ pValue, index }))
  order.sort((a, b) => a.pValue - b.pValue)
  const adjusted = new Array<number>(findings.length)
  let least = 0
  order.forEach(({ pValue, index }, rank) => {
    least = Math.max(least, Math.min(1, (findings.length - rank) * pValue))
    adjusted[index] = least
  })
  return adjusted
}

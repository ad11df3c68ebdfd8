import type { SelfTestEffort } from './effort.js'
import type { Finding, SelfTestSubject } from './part.js'

/** How likely a right stream fails any of the tests at all. */
export const LEVEL = 1e-6

/** One test of a {@link SelfTestReport}. */
export interface SelfTestResult extends Finding {
  /** What it is about. */
  readonly subject: SelfTestSubject
  /** The p-value corrected for the number of tests, by Holm's method: the test fails at or below the level. */
  readonly adjustedPValue: number
  /** Whether the stream behaved as the statement says. */
  readonly passed: boolean
}

/** What {@link selfTest} found. */
export interface SelfTestReport {
  /** Whether every test passed. */
  readonly passed: boolean
  /** How likely a right stream fails any of the tests at all. */
  readonly level: number
  /** The seed whose masks were tested; with it the same test runs again. */
  readonly seed: bigint
  /** How much was drawn. */
  readonly effort: SelfTestEffort
  /** How many lanes were drawn in all. */
  readonly lanes: number
  /** Every test, in the order they ran. */
  readonly tests: readonly SelfTestResult[]
}

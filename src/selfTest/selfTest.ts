import { argumentError } from '../errors.js'
import { checkOptions, checkWord, optional } from '../validate/options.js'
import { type Seed, seedOrDrawn } from '../validate/seed.js'
import { checkSignal } from '../validate/signal.js'
import { EFFORT_NAMES, type SelfTestEffort } from './effort.js'
import type { SelfTestReport } from './report.js'
import { runSelfTest } from './run.js'
import { librarySource } from './source.js'

/** The options of {@link selfTest}. */
export interface SelfTestOptions {
  /**
   * Whose masks are tested; the same seed gives the same report.
   *
   * @default drawn from the operating system; the report says it
   */
  seed?: Seed | undefined
  /**
   * How much is drawn: `'quick'` takes less than a second, `'normal'` a few, `'thorough'` about a minute. More finds
   * smaller defects; how often a right stream fails does not change.
   *
   * @default 'normal'
   */
  effort?: SelfTestEffort | undefined
  /** Stops the test with an `AbortError`. */
  signal?: AbortSignal | undefined
  /** Hears what is being tested, and which share of the tests is done, from 0 to 1. */
  onProgress?: ((task: string, done: number) => void) | undefined
}

const OPTIONS = new Set(['seed', 'effort', 'signal', 'onProgress'])

/**
 * Tests the masks of this machine statistically: rates from 1e-6 to 1 - 1e-6, the independence of lanes, samples,
 * sites, steps, domains, passes and seeds, positions, the distribution of counts over seeds, DropBlock's rate, exactly k
 * of n. A right stream fails once in a million runs, whatever the effort (Holm's correction). `docs/self-test.md` says
 * what each effort finds.
 *
 * Runs on the calling thread, in turns of some 20 ms with the event loop, in constant memory.
 *
 * @throws {DropoutError} `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`; `ERR_ABORTED` (an `AbortError`).
 * @example
 * const report = await selfTest({ effort: 'quick' })
 * if (!report.passed) console.error(report.seed, report.tests.filter((test) => !test.passed))
 */
export async function selfTest(options: SelfTestOptions = {}): Promise<SelfTestReport> {
  checkOptions(options, OPTIONS)
  const { onProgress } = options
  const effort = checkWord(options.effort, 'effort', EFFORT_NAMES, 'normal')
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw argumentError('ERR_TYPE', 'onProgress', onProgress, 'a function')
  }
  const signal = optional(options.signal, 'signal', checkSignal)
  const seed = seedOrDrawn(options.seed)
  return runSelfTest({ source: librarySource, seed, effort, signal, onProgress })
}

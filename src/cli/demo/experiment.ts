import { AbortError } from '../../errors.js'
import type { Progress } from '../terminal/progress.js'
import { packageVersion } from '../version.js'
import { acrossSplits } from './acrossSplits.js'
import { declineLeastCertain } from './declining.js'
import { leastCertain } from './leastCertain.js'
import type { DemoResult } from './result.js'
import { featuresOf, runTrial, SETTING, type Trial } from './trial.js'
import { type Cases, readTumours } from './tumours.js'

/** Splits that are tried: the one that is shown, and others to tell luck from effect. */
const SPLITS = 20
const SHOWN_CASES = 5
const SEEDS = 2n ** 64n

interface Task {
  readonly seed: bigint
  readonly signal: AbortSignal
  readonly progress: Progress
}

/**
 * Trains networks with and without dropout on the split of `seed`, then on the splits of the seeds that follow it.
 *
 * @throws `AbortError` when the signal says so, with a message that says how far it got.
 */
export async function runExperiment({ seed, signal, progress }: Task): Promise<DemoResult> {
  const all = readTumours()
  let reached = 'no epoch'
  const say = (task: string, done: number, detail: string) => {
    reached = detail
    progress.update(task, done)
  }
  try {
    const first = await runTrial(all, {
      seed,
      signal,
      onEpoch: (rate, epochs) => {
        const task = rate > 0 ? `training with dropout ${rate}` : 'training without dropout'
        say(task, epochs / SETTING.epochs, `${epochs} of ${SETTING.epochs} epochs of ${task}`)
      },
    })
    const trials = [first]
    while (trials.length < SPLITS) {
      const task = `the same on ${SPLITS - 1} other splits`
      say(task, trials.length / SPLITS, `${trials.length} of ${SPLITS} splits`)
      trials.push(await runTrial(all, { seed: (seed + BigInt(trials.length)) % SEEDS, signal }))
    }
    return describe(seed, all, first, trials)
  } catch (error) {
    if (!(error instanceof AbortError)) throw error
    const message = `after ${reached}; the demo writes no files, so nothing was kept`
    throw new AbortError(message, error.history, { cause: error })
  }
}

function describe(seed: bigint, all: Cases, first: Trial, trials: readonly Trial[]): DemoResult {
  const { training, validation, test, curves, scores, passes } = first
  const { hidden, rate, epochs, batchSize, learningRate } = SETTING
  return {
    version: packageVersion(),
    seed: String(seed),
    cases: {
      all: all.y.length,
      malignant: all.y.reduce((sum, label) => sum + label, 0),
      training: training.y.length,
      validation: validation.y.length,
      test: test.y.length,
    },
    training: { widths: [featuresOf(training), ...hidden, 1], rate, epochs, batchSize, learningRate },
    passes: SETTING.passes,
    curves,
    test: scores,
    leastCertain: leastCertain(test, passes, SHOWN_CASES),
    declined: declineLeastCertain(first),
    acrossSplits: acrossSplits(trials),
  }
}

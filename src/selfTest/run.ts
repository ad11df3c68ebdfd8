import { AbortError } from '../errors.js'
import { blocks } from './checks/blocks.js'
import { exactlyParts } from './checks/exactly.js'
import { independence } from './checks/independence.js'
import { positions } from './checks/positions.js'
import { rates } from './checks/rates.js'
import { seeds } from './checks/seeds.js'
import { EFFORTS, type SelfTestEffort } from './effort.js'
import type { Finding, Part, SelfTestSubject } from './part.js'
import { LEVEL, type SelfTestReport } from './report.js'
import { CountingSource, type Source } from './source.js'
import { holm } from './verdict.js'

const PARTS: readonly Part[] = [...rates, ...independence, ...positions, ...seeds, ...blocks, ...exactlyParts]

/** How long the event loop waits at most, in milliseconds, but for a single step of a part. */
const TURN = 20

/** Checked options. */
export interface Run {
  readonly source: Source
  readonly seed: bigint
  readonly effort: SelfTestEffort
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((task: string, done: number) => void) | undefined
}

/** Runs every part on a source, in turns with the event loop. */
export async function runSelfTest(run: Run): Promise<SelfTestReport> {
  const source = new CountingSource(run.source)
  const context = { source, seed: run.seed, effort: EFFORTS[run.effort] }
  const found: (Finding & { subject: SelfTestSubject })[] = []
  const turns = new Turns(run)
  for (const [index, part] of PARTS.entries()) {
    await turns.take(part.task, index / PARTS.length)
    const steps = part.run(context)
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        found.push(...step.value.map((finding) => ({ subject: part.subject, ...finding })))
        break
      }
      if (turns.due()) await turns.take(part.task, (index + step.value) / PARTS.length)
    }
  }
  const adjusted = holm(found)
  const tests = found.map((finding, i) => {
    const adjustedPValue = adjusted[i] as number
    return { ...finding, adjustedPValue, passed: adjustedPValue > LEVEL }
  })
  const passed = tests.every((test) => test.passed)
  return { passed, level: LEVEL, seed: run.seed, effort: run.effort, lanes: source.lanes, tests }
}

/** Lets timers, signals and listeners have their turn now and then. */
class Turns {
  readonly #run: Run
  #last = -Infinity

  constructor(run: Run) {
    this.#run = run
  }

  due(): boolean {
    return performance.now() - this.#last >= TURN
  }

  async take(task: string, done: number): Promise<void> {
    const { signal, onProgress } = this.#run
    onProgress?.(task, done)
    if (this.due()) {
      await new Promise((resolve) => setImmediate(resolve))
      this.#last = performance.now()
    }
    if (!signal?.aborted) return
    const message = `after ${Math.floor(100 * done)} % of the self-test; nothing was kept`
    throw new AbortError(message, undefined, { cause: signal.reason })
  }
}

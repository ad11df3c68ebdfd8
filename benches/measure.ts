import benny from 'benny'
import { checkWorkload } from './check.js'
import type { Row } from './rows.js'
import { type Rival, sizeOf, type TrainingWorkload, type Workload } from './workload.js'

/** Seconds of one element or one training step, or `undefined` where the library does not have the operation. */
export type Seconds = number | undefined

/** Long enough for a hundred calls of all but the slowest rivals. */
const OPTIONS = { minSamples: 10, maxTime: 1 }

/** Seconds of a call from which on benny, which makes some twenty of them, would take minutes. Then a few calls do. */
const SLOW = 3
const SLOW_CALLS = 3
/** Seconds after which no other one is begun. */
const LONG_ENOUGH = 30

/** The median over benny's samples. */
export async function measure(rival: Rival, row: Row): Promise<Seconds> {
  const workload = await prepare(rival, row)
  if (workload === undefined) return undefined
  try {
    if (rival.name !== 'copy only') await checkWorkload(rival.name, row, workload)
    const first = await seconds(workload)
    if (first > SLOW) {
      const calls = [first]
      const spent = (): number => calls.reduce((sum, call) => sum + call)
      while (calls.length < SLOW_CALLS && spent() < LONG_ENOUGH) calls.push(await seconds(workload))
      return median(calls) / unitsPerRun(row, workload)
    }
    const name = `${rival.name}: ${row.name}`
    const summary = await benny.suite(name, benny.add(rival.name, await queued(workload), OPTIONS))
    return summary.results[0]!.details.median / unitsPerRun(row, workload)
  } finally {
    await workload.dispose?.()
  }
}

/** How long one call takes. */
async function seconds(workload: Workload): Promise<number> {
  const started = performance.now()
  await workload.run()
  return (performance.now() - started) / 1e3
}

function prepare(rival: Rival, row: Row): Workload | Promise<Workload> | undefined {
  if (row.measure === 'trainingStep') return rival.trainingStep?.(row)
  if (row.measure === 'kernel') return rival.kernel?.(row)
  if (row.measure === 'attention') return rival.attention?.(row)
  if (row.measure === 'attentionAndBackward') return rival.attentionAndBackward?.(row)
  return rival[row.measure]?.(row)
}

/**
 * benny starts an asynchronous test twice at once before it measures, which a model in training refuses. So calls that
 * return promises wait for the one before.
 */
async function queued(workload: Workload): Promise<() => unknown> {
  const first = workload.run()
  if (!(first instanceof Promise)) return () => workload.run()
  let last = first
  await last
  return () => {
    last = last.then(() => workload.run())
    return last
  }
}

function unitsPerRun(row: Row, workload: Workload): number {
  if (row.measure === 'trainingStep') return (workload as TrainingWorkload).stepsPerRun
  if (row.measure === 'kernel') return sizeOf(row.shape)
  return 'elements' in row ? row.elements : 1
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

import type { Row } from './rows.js'
import type { Workload } from './workload.js'

/** Standard deviations of the binomial distribution by which the share of zeros may miss the rate. */
const TOLERANCE = 6

/** Kernels whose zeros are dropped elements, many enough to be counted. */
const DROPPING = new Set([
  'attentionRow',
  'attentionWeights',
  'block',
  'blockSignal',
  'blockVolume',
  'channel',
  'element',
  'exactly',
  'freshSequence',
  'sampleWeights',
  'sequence',
  'shared',
  'weights',
])

/** Fails unless the workload computes what it is timed for: dropped shares at the rate, or finite outputs. */
export async function checkWorkload(rival: string, row: Row, workload: Workload): Promise<void> {
  const result = await workload.result()
  const complain = (problem: string) => new Error(`${rival}, ${row.name}: ${problem}`)
  if (row.measure === 'trainingStep') {
    const classes = row.widths?.at(-1) ?? 10
    if (result.length !== row.batch * classes) throw complain(`${result.length} outputs`)
    if (!Array.from(result).every(Number.isFinite)) throw complain('an output is not finite')
    return
  }
  if (!('elements' in row)) {
    if (result.length === 0) throw complain('no output')
    if (!Array.from(result).every(Number.isFinite)) throw complain('an output is not finite')
    if (row.measure !== 'kernel' || !DROPPING.has(row.kind)) return
    const share = Array.from(result).filter((value) => value === 0).length / result.length
    if (Math.abs(share - row.rate) > row.rate / 2) throw complain(`dropped ${share} of the elements`)
    return
  }
  if (result.length !== row.elements) throw complain(`${result.length} elements`)
  let zeros = 0
  for (let index = 0; index < result.length; index++) if (result[index] === 0) zeros++
  const deviation = Math.sqrt((row.rate * (1 - row.rate)) / row.elements)
  const share = zeros / row.elements
  if (Math.abs(share - row.rate) > TOLERANCE * deviation) throw complain(`dropped ${share} of the elements`)
}

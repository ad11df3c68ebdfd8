import type { BlockMaskOptions } from '../../mask/structured/block.js'
import type { Context, Finding, Part } from '../part.js'
import { normalTest } from '../statistics/normal.js'

const BATCH = 1024

type Case = Required<Pick<BlockMaskOptions, 'rate' | 'border'>> & { side: number; blockSize: number }

/** Maps and blocks for which other implementations are known to drop another share than was asked for. */
const CASES: readonly Case[] = [
  { rate: 0.1, blockSize: 7, side: 14, border: 'valid' },
  { rate: 0.25, blockSize: 7, side: 14, border: 'valid' },
  { rate: 0.5, blockSize: 7, side: 14, border: 'valid' },
  { rate: 0.25, blockSize: 7, side: 14, border: 'clipped' },
  { rate: 0.5, blockSize: 5, side: 7, border: 'valid' },
]

/**
 * The mean share of positions that DropBlock drops is the rate. Positions of a map depend on one another, but rows are
 * independent, so the mean over rows is nearly normal with the variance that the rows show.
 */
export const blocks: Part[] = CASES.map(({ rate, blockSize, side, border }) => ({
  subject: 'blocks',
  task: 'DropBlock',
  *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
    let [rows, sum, squares] = [0, 0, 0]
    for (let step = 0; rows < effort.rows; step += 1) {
      const shape = [BATCH, 1, side, side]
      const bits = source.block({ rate, blockSize, border, shape, layout: 'NCHW', seed, step })
      for (const dropped of droppedByRow(bits, side * side)) {
        const off = dropped / (side * side) - rate
        sum += off
        squares += off * off
      }
      rows += BATCH
      yield rows / effort.rows
    }
    const variance = (squares - (sum * sum) / rows) / (rows - 1)
    const statistic = scoreOf(sum, Math.sqrt(rows * variance))
    const name = `DropBlock ${blockSize} on ${side} x ${side}, ${border}, rate ${rate}`
    const statement = `rows drop the share ${rate} on average (here ${(rate + sum / rows).toFixed(4)}): a normal score`
    return [{ name, statement, statistic, pValue: normalTest(statistic), trials: rows }]
  },
}))

/** Rows that are all the same and wrong are as far off as can be. */
function scoreOf(sum: number, deviation: number): number {
  if (deviation > 0) return sum / deviation
  return sum === 0 ? 0 : Number.MAX_VALUE
}

function droppedByRow(bits: Uint8Array, elements: number): number[] {
  return Array.from({ length: BATCH }, (_, row) => {
    let dropped = 0
    for (let i = row * elements; i < (row + 1) * elements; i += 1) {
      dropped += 1 - (((bits[i >> 3] as number) >> (i & 7)) & 1)
    }
    return dropped
  })
}

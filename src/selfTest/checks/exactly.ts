import { addPositions, countKept } from '../lanes.js'
import type { Context, Finding, Part } from '../part.js'
import { chiSquareTest } from '../statistics/chiSquare.js'

const SIZE = 64
const DROP = 8
const BATCH = 1024

/** Exactly k of n: always k, and each lane as often as any other. */
export const exactlyParts: Part[] = [
  {
    subject: 'exactly',
    task: 'exactly k of n',
    *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
      const kept = new Float64Array(SIZE)
      let [rows, wrong] = [0, 0]
      for (let step = 0; rows < effort.rows; step += 1) {
        const bits = source.exactly({ drop: DROP, size: SIZE, rows: BATCH, seed, step })
        for (let row = 0; row < BATCH; row += 1) {
          const own = bits.slice((row * SIZE) / 8, ((row + 1) * SIZE) / 8)
          wrong += countKept(own) === SIZE - DROP ? 0 : 1
          addPositions(kept, own)
        }
        rows += BATCH
        yield rows / effort.rows
      }
      return [always(wrong, rows), uniform(kept, rows)]
    },
  },
]

function always(wrong: number, rows: number): Finding {
  return {
    name: `exactly ${DROP} of ${SIZE}`,
    statement: `no row drops another number than ${DROP}; rows that do`,
    statistic: wrong,
    pValue: wrong === 0 ? 1 : 0,
    trials: rows,
  }
}

function uniform(kept: Float64Array, rows: number): Finding {
  const share = 1 - DROP / SIZE
  const squares = kept.reduce((sum, count) => sum + (count - rows * share) ** 2, 0)
  // The lanes of a row add up to a constant, so they are correlated by -1 / (n - 1).
  const statistic = (squares / (rows * share * (1 - share))) * ((SIZE - 1) / SIZE)
  return {
    name: `each of ${SIZE} as often`,
    statement: `each lane is among the ${DROP} equally often: chi-square with ${SIZE - 1} degrees of freedom`,
    statistic,
    pValue: chiSquareTest(statistic, SIZE - 1),
    trials: rows,
  }
}

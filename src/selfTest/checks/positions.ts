import { addPositions } from '../lanes.js'
import { type Context, type Finding, type Part, places } from '../part.js'
import { binomialTest } from '../statistics/binomial.js'
import { chiSquareTest } from '../statistics/chiSquare.js'

/** Lanes of a mask: eight groups of 128. */
const LANES = 1024

/** Masks between two places where the test can be stopped. */
const BATCH = 256

/** Every lane is kept equally often: chi-square of all, and the one that is farthest off. */
export const positions: Part[] = [0.5, 0.1].map((rate) => ({
  subject: 'positions',
  task: 'positions',
  *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
    const place = places('positions', seed, rate)
    const counts = new Float64Array(LANES)
    for (let i = 0; i < effort.masks; i += 1) {
      addPositions(counts, source.bits(place.next().value.recipe, 0, LANES))
      if (i % BATCH === BATCH - 1) yield i / effort.masks
    }
    return [spread(counts, effort.masks, rate), farthest(counts, effort.masks, rate)]
  },
}))

function spread(counts: Float64Array, masks: number, rate: number): Finding {
  const mean = counts.reduce((sum, count) => sum + count, 0) / LANES
  const variance = mean * (1 - mean / masks)
  const squares = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0)
  // Lanes that are all kept or all dropped do not differ.
  const statistic = variance > 0 ? squares / variance : 0
  return {
    name: `all positions, rate ${rate}`,
    statement: `${LANES} lanes of each mask are kept equally often: chi-square with ${LANES - 1} degrees of freedom`,
    statistic,
    pValue: variance > 0 ? chiSquareTest(statistic, LANES - 1) : 1,
    trials: masks,
  }
}

function farthest(counts: Float64Array, masks: number, rate: number): Finding {
  const pValues = counts.map((count) => binomialTest(count, masks, 1 - rate))
  const least = pValues.reduce((least, pValue) => Math.min(least, pValue), 1)
  return {
    name: `the farthest position, rate ${rate}`,
    statement: `the count of kept masks of no lane (here lane ${pValues.indexOf(least)}) is too far out: binomial, the least of ${LANES}`,
    statistic: counts[pValues.indexOf(least)] as number,
    pValue: Math.min(1, LANES * least),
    trials: masks,
  }
}

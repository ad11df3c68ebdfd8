import { addOverlap, asWords, type Overlap, shifted } from '../lanes.js'
import { type Context, type Finding, type Part, type Place, places } from '../part.js'
import type { Source } from '../source.js'
import { normalTest } from '../statistics/normal.js'
import { RELATIONS } from './relations.js'

/** Lanes of a place. */
const LENGTH = 2 ** 16

/** At 1/2 a lane is one bit of the generator, at 0.1 it is made of several. */
const RATES = [0.5, 0.1]

/**
 * Lanes of two places are kept independently: how many are kept in both, given how many are in each, is hypergeometric
 * (Fisher's exact test, by its normal approximation: at least 10^4 lanes are expected to be dropped in both). So a wrong
 * rate does not matter here.
 */
export const independence: Part[] = RELATIONS.flatMap(({ name, of }) =>
  RATES.map((rate) => ({
    subject: 'independence' as const,
    task: 'independence',
    *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
      const place = places(`independence ${name}`, seed, rate)
      const overlap = { lanes: 0, first: 0, second: 0, both: 0 }
      for (let i = 0; i < effort.pairs; i += 1) {
        addOverlap(overlap, ...draw(source, ...of(place.next().value)))
        yield i / effort.pairs
      }
      const statistic = score(overlap)
      const statement = `at rate ${rate} the lanes of ${name} are kept independently: a standard normal score`
      const pValue = normalTest(statistic)
      return [{ name: `${name}, rate ${rate}`, statement, statistic, pValue, trials: overlap.lanes }]
    },
  })),
)

/** The words of both places; lanes of one mask are drawn once. */
function draw(source: Source, first: Place, second: Place): [Uint32Array, Uint32Array] {
  const words = LENGTH / 32
  if (first.recipe === second.recipe) {
    const lag = second.start - first.start
    const drawn = asWords(source.bits(first.recipe, first.start, LENGTH + 32 * Math.ceil(lag / 32)))
    return [drawn.subarray(0, words), shifted(drawn, lag, words)]
  }
  const [a, b] = [first, second].map(({ recipe, start }) => asWords(source.bits(recipe, start, LENGTH)))
  return [a as Uint32Array, b as Uint32Array]
}

/** How far the overlap is from what independence gives, in standard deviations. */
function score({ lanes, first, second, both }: Overlap): number {
  const expected = (first / lanes) * second
  const variance = (expected * (1 - first / lanes) * (lanes - second)) / (lanes - 1)
  // Masks that keep or drop everything have no correlation; their rate is another test's.
  return variance > 0 ? (both - expected) / Math.sqrt(variance) : 0
}

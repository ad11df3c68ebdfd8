import { countKept } from '../lanes.js'
import { type Context, type Finding, type Part, places } from '../part.js'
import { binomialTest } from '../statistics/binomial.js'

const CHUNK = 2 ** 20

/** Dyadic and not, from one lane in a million to all but one. */
const RATES = [0, 1e-6, 1e-3, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.999, 1 - 1e-6, 1]

/** The share of dropped lanes is the rate: the exact binomial test. */
export const rates: Part[] = RATES.map((rate) => ({
  subject: 'rates',
  task: 'rates',
  *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
    const place = places('rate', seed, rate)
    let dropped = 0
    for (let i = 0; i < effort.rates; i += 1) {
      const { recipe, start } = place.next().value
      dropped += CHUNK - countKept(source.bits(recipe, start, CHUNK))
      yield i / effort.rates
    }
    const trials = effort.rates * CHUNK
    const name = `rate ${rate === 1 / 3 ? '1/3' : rate === 1 - 1e-6 ? '1 - 1e-6' : rate}`
    const statement = `the count of dropped lanes is binomial with probability ${name.slice(5)}`
    return [{ name, statement, statistic: dropped, pValue: binomialTest(dropped, trials, rate), trials }]
  },
}))

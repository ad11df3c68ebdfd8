import { countKept } from '../lanes.js'
import type { Context, Finding, Part } from '../part.js'
import { Random } from '../random.js'
import { binomial } from '../statistics/binomial.js'
import { kolmogorovDistance, kolmogorovTest } from '../statistics/kolmogorov.js'

const LANES = 4096
const BATCH = 64

/**
 * The counts of consecutive seeds, samples and steps are binomial all over their distribution. A count is discrete, so
 * its p-value is made uniform by a random share of the probability of the count itself, from another generator.
 */
export const seeds: Part[] = (['seed', 'sample', 'step'] as const).flatMap((field) =>
  [0.5, 0.1, 0.001].map((rate) => ({
    subject: 'seeds' as const,
    task: 'p-values over seeds',
    *run({ source, seed, effort }: Context): Generator<number, Finding[]> {
      const random = new Random(`p-values ${field} ${rate}`, seed)
      const pValues = new Float64Array(effort.seeds)
      for (let i = 0; i < effort.seeds; i += 1) {
        const recipe =
          field === 'seed' ? { rate, seed: (seed + BigInt(i)) % 2n ** 64n } : { rate, seed, [field]: i }
        const { below, at } = binomial(LANES - countKept(source.bits(recipe, 0, LANES)), LANES, rate)
        pValues[i] = below + random.uniform() * at
        if (i % BATCH === BATCH - 1) yield i / effort.seeds
      }
      const statistic = kolmogorovDistance(pValues)
      return [
        {
          name: `p-values over ${field}s, rate ${rate}`,
          statement: `counts of ${LANES} lanes of consecutive ${field}s have uniform p-values: Kolmogorov-Smirnov`,
          statistic,
          pValue: kolmogorovTest(statistic, effort.seeds),
          trials: effort.seeds,
        },
      ]
    },
  })),
)

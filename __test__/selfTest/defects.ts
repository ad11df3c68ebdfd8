import { librarySource, type Source } from '../../src/selfTest/source.js'

/** Sources of masks that are wrong in one way each. */

type Bits = Source['bits']
type Recipe = Parameters<Bits>[0]

const { bits } = librarySource

function changed(change: Partial<Source>): Source {
  return { ...librarySource, ...change }
}

/** A source whose lanes are those of another recipe. */
function readdressed(change: (recipe: Recipe) => Partial<Recipe>): Source {
  return changed({
    bits: (recipe, start, length) => bits({ ...recipe, ...change(recipe) }, start, length),
  })
}

/** Lanes that an unrelated mask chooses with probability `share`: 1 = chosen. */
function chosen(share: number, recipe: Recipe, start: number, length: number): Uint8Array {
  const seed = BigInt(recipe.seed) ^ 0x9e3779b97f4a7c15n
  return bits({ ...recipe, rate: 1 - share, seed }, start, length)
}

/** One byte is compared with a threshold: 0.1 becomes 26/256 = 0.1016, 0.001 becomes 1/256 = 0.0039. */
export const eightBitThreshold = readdressed(({ rate }) => ({ rate: Math.ceil(rate * 256) / 256 }))

/** Sixteen bits are compared with a threshold. */
export const sixteenBitThreshold = readdressed(({ rate }) => ({ rate: Math.ceil(rate * 65_536) / 65_536 }))

/** The rate of keeping is taken for that of dropping. */
export const keepsInsteadOfDrops = readdressed(({ rate }) => ({ rate: 1 - rate }))

/** A generator that is seeded anew at each step. */
export const repeatedSeed = readdressed(() => ({ step: 0 }))

/** All samples of a batch share one mask. */
export const sharedSamples = readdressed(() => ({ sample: 0 }))

/** All layers draw the same. */
export const forgottenSite = readdressed(() => ({ site: 0 }))

/** Monte Carlo passes are those of the training steps. */
export const forgottenDomain = readdressed(() => ({ domain: 'user', shared: false }))

/** Only the low word of a seed is used. */
export const shortSeed = readdressed(({ seed }) => ({ seed: BigInt(seed) % 2n ** 32n }))

/** The step is added to the seed. */
export const seedPlusStep = readdressed(({ seed, step = 0 }) => ({
  seed: (BigInt(seed) + BigInt(step)) % 2n ** 64n,
  step: 0,
}))

/** Lane i + 1 copies lane i with probability `share`. */
export function correlatedNeighbour(share: number): Source {
  return changed({
    bits(recipe, start, length) {
      const own = bits(recipe, start, length)
      const copies = chosen(share, recipe, start, length)
      let previous = (start === 0 ? (own[0] as number) & 1 : bits(recipe, start - 1, 1)[0]) as number
      return own.map((byte, i) => {
        const shifted = ((byte << 1) | previous) & 0xff
        previous = byte >> 7
        const copied = copies[i] as number
        return (byte & ~copied) | (shifted & copied)
      })
    },
  })
}

/** One lane of each mask is dropped `share` more often. */
export function biasedPosition(lane: number, share: number): Source {
  return changed({
    bits(recipe, start, length) {
      const own = bits(recipe, start, length)
      const at = lane - start
      if (at < 0 || at >= length) return own
      const drops = (chosen(share, recipe, lane, 1)[0] as number) << (at & 7)
      own[at >> 3] = (own[at >> 3] as number) & ~drops
      return own
    },
  })
}

/** Every second byte is the complement of the one before: half of them is always kept. */
export const antithetic = changed({
  bits(recipe, start, length) {
    const own = bits(recipe, start, length)
    if (recipe.rate !== 0.5) return own
    return own.map((byte, i) => (i % 2 === 0 ? byte : ~(own[i - 1] as number)))
  },
})

/** Seed rates that ignore how blocks overlap: 0.36 of the positions drop where 0.5 are asked for. */
export const torchvisionBlocks = changed({
  block: (options) => librarySource.block({ ...options, rule: 'paper' }),
})

/** Each lane drops on its own, k of n only on average. */
export const aboutK = changed({
  exactly: ({ drop, size, rows = 1, seed, step }) => bits({ rate: drop / size, seed, step }, 0, rows * size),
})

/** The first of the 64 lanes of a row drops in place of the second, every other time. */
export const favouredLane = changed({
  exactly(options) {
    const own = librarySource.exactly(options)
    const { seed, step } = options
    const swaps = chosen(0.5, { rate: 0, seed, step }, 0, 8 * own.length)
    return own.map((byte, i) => {
      const isFirst = i % 8 === 0
      const swap = ((swaps[i] as number) & 1) === 1
      return isFirst && swap && (byte & 3) === 1 ? (byte & ~3) | 2 : byte
    })
  },
})

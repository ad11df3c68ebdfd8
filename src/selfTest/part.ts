import type { MaskRecipe } from '../mask/recipe.js'
import type { Effort } from './effort.js'
import { Random } from './random.js'
import type { Source } from './source.js'

/** What a part of the self-test is about. */
export type SelfTestSubject = 'rates' | 'independence' | 'positions' | 'seeds' | 'blocks' | 'exactly'

/** What a single test found. */
export interface Finding {
  /** Which test, in a few words; no other test has the same. */
  readonly name: string
  /** What holds for a right stream. */
  readonly statement: string
  /** What was computed: a count, a standard score, chi-square, a distance. */
  readonly statistic: number
  /** How likely a right stream is at least as far off. */
  readonly pValue: number
  /** How many lanes, masks or rows the statistic is of; the statement says which. */
  readonly trials: number
}

/** What a part works with. */
export interface Context {
  readonly source: Source
  /** The seed of the masks. */
  readonly seed: bigint
  readonly effort: Effort
}

/** A part of the self-test: it yields the share that is done whenever it can be stopped, and returns what it found. */
export interface Part {
  readonly subject: SelfTestSubject
  readonly task: string
  run(context: Context): Generator<number, Finding[]>
}

/** Where lanes are looked at. */
export interface Place {
  readonly recipe: MaskRecipe
  readonly start: number
}

/**
 * Places all over the stream of a seed. Small numbers, which users have, are as frequent as large ones, but either the
 * step or the sample is any of 2^32, so that hardly ever a place comes twice.
 */
export function* places(label: string, seed: bigint, rate: number): Generator<Place, never> {
  const random = new Random(label, seed)
  for (let i = 0; ; i += 1) {
    const [any, word] = [random.anySize(32), random.word()]
    const [step, sample] = i % 2 === 0 ? [any, word] : [word, any]
    yield { recipe: { rate, seed, site: random.anySize(16), step, sample }, start: random.anySize(20) }
  }
}

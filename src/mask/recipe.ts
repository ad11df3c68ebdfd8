import { argumentError } from '../errors.js'
import { checkInteger, checkRate, MAX_SITE, MAX_WORD } from '../validate/number.js'
import { checkBoolean, checkWord } from '../validate/options.js'
import { checkSeed, type Seed } from '../validate/seed.js'

/** The version of the mask stream: `docs/mask-stream.md`. */
export const STREAM_VERSION = 1

/** Who draws, in the order of the numbers that the stream gives them. */
export const DOMAINS = ['user', 'train', 'mc', 'init', 'shuffle', 'split'] as const

/** Who draws: keeps the bits of a training run, of Monte Carlo passes and of your own calls apart. */
export type Domain = (typeof DOMAINS)[number]

/** Which random bits, and how many of them drop. */
export interface MaskOptions {
  /**
   * The probability that an element is dropped, in `[0, 1]`. 0 keeps all, 1 drops all.
   *
   * @example 0.5
   */
  rate: number
  /**
   * The seed. Required: a forgotten seed could not be backed through.
   *
   * @example 42n
   */
  seed: Seed
  /**
   * The optimiser step or the Monte Carlo pass, in `[0, 2^32)`. Another step draws another mask.
   *
   * @default 0
   */
  step?: number | undefined
  /**
   * Which layer or call, in `[0, 65535]`. Two masks of one step need two sites.
   *
   * @default 0
   */
  site?: number | undefined
  /**
   * The identity of a single row, in `[0, 2^32)`. For many rows pass `shape` and `ids` when the mask is applied.
   *
   * @default 0
   */
  sample?: number | undefined
}

/** A mask as it is written: in JSON the seed is a decimal string. */
export interface MaskRecipe extends MaskOptions {
  /** The version of the mask stream. @default 1 */
  streamVersion?: number | undefined
  /** Who draws. @default 'user' */
  domain?: Domain | undefined
  /** One mask for all rows: the sample is ignored. @default false */
  shared?: boolean | undefined
}

/** What {@link Mask.toJSON} gives. */
export interface MaskJSON {
  streamVersion: number
  rate: number
  seed: string
  site: number
  domain: Domain
  step: number
  sample: number
  shared?: true
}

/** A checked recipe in the form the native addon takes. */
export interface Address {
  readonly rate: number
  readonly seed: bigint
  /** Counter word 3 of the stream without its plane: site, domain, and bit 23 for a shared mask. */
  readonly place: number
  readonly step: number
  readonly sample: number
}

/** The names of {@link MaskOptions}. */
export const MASK_OPTIONS = ['rate', 'seed', 'step', 'site', 'sample'] as const

/** The address of the options of a kernel call, whose domain is the user's. */
export function checkAddress(options: MaskOptions): Address {
  return {
    rate: checkRate(options.rate),
    seed: checkSeed(options.seed),
    place: checkInteger(options.site, 'site', 0, MAX_SITE, 0),
    step: checkInteger(options.step, 'step', 0, MAX_WORD, 0),
    sample: checkInteger(options.sample, 'sample', 0, MAX_WORD, 0),
  }
}

/** The address of a written recipe. */
export function checkRecipe(recipe: MaskRecipe): Address {
  if (recipe.streamVersion !== undefined) checkStreamVersion(recipe.streamVersion)
  const domain = DOMAINS.indexOf(checkWord(recipe.domain, 'domain', DOMAINS, 'user'))
  const shared = checkBoolean(recipe.shared, 'shared', false) ? 1 : 0
  const address = checkAddress(recipe)
  return { ...address, place: address.place | (domain << 16) | (shared << 23) }
}

/** The version of the stream that something was written for. */
export function checkStreamVersion(version: unknown): void {
  if (version === STREAM_VERSION) return
  throw argumentError('ERR_VERSION', 'streamVersion', version, `${STREAM_VERSION}, what this library draws`)
}

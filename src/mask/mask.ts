import { argumentError, fromNative } from '../errors.js'
import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkInteger } from '../validate/number.js'
import { checkOptions } from '../validate/options.js'
import { sampleWithShape } from '../validate/rows.js'
import { APPLY_OPTIONS, type ApplyOptions, apply } from './apply.js'
import {
  type Address,
  checkRecipe,
  DOMAINS,
  type Domain,
  MASK_OPTIONS,
  type MaskJSON,
  type MaskRecipe,
  STREAM_VERSION,
} from './recipe.js'

/** Lanes of one sample: its groups of 128 are counted by one 32-bit word. */
const MAX_LANES = 2 ** 39

const RECIPE = new Set<string>([...MASK_OPTIONS, 'streamVersion', 'domain', 'shared'])
const APPLY = new Set<string>(APPLY_OPTIONS)

/**
 * A mask: not memory but a recipe, a pure function from lanes to kept or dropped. It is frozen, a few numbers
 * large, and serialisable: the same recipe gives the same bits on every machine, for any number of threads.
 *
 * @example
 * const mask = Mask.from({ rate: 0.5, seed: 42n })
 * const y = mask.apply(x) // dropped elements are +0, kept ones are doubled
 * const dx = mask.backward(dy) // the same mask: it is computed again, nothing was stored
 */
export class Mask {
  /** The version of the mask stream. */
  readonly streamVersion: number = STREAM_VERSION
  /** The drop probability. */
  readonly rate: number
  /** The seed. */
  readonly seed: bigint
  /** Which layer or call. */
  readonly site: number
  /** Who draws. */
  readonly domain: Domain
  /** The optimiser step or the Monte Carlo pass. */
  readonly step: number
  /** The identity of the row. */
  readonly sample: number
  /** Whether one mask serves all rows. */
  readonly shared: boolean

  readonly #address: Address

  private constructor(address: Address) {
    this.#address = address
    this.rate = address.rate
    this.seed = address.seed
    this.site = address.place & 0xffff
    this.domain = DOMAINS[(address.place >> 16) & 0x7f] as Domain
    this.step = address.step
    this.sample = address.sample
    this.shared = address.place >> 23 === 1
    Object.freeze(this)
  }

  /**
   * The mask of a recipe, for instance of one parsed from JSON.
   *
   * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION` (an unknown name), `ERR_VERSION` (a
   * stream that this library does not draw).
   * @example
   * Mask.from({ streamVersion: 1, rate: 0.5, seed: 42n, site: 0, domain: 'user', step: 0, sample: 0 })
   */
  static from(recipe: MaskRecipe): Mask {
    checkOptions(recipe, RECIPE, 'recipe')
    return new Mask(checkRecipe(recipe))
  }

  /** The expected share of dropped lanes. */
  get expectedRate(): number {
    return this.rate
  }

  /**
   * Drops and scales: kept elements are multiplied by `1 / (1 - rate)` (unless `options` say otherwise), dropped
   * ones become +0, NaN and infinities too.
   *
   * @param x - the elements; lane i of the mask is element i, or by rows where `options.shape` is given.
   * @returns `options.out`, or a new array.
   * @throws {DropoutError} `ERR_TYPE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`,
   * `ERR_OPTION` (also for a `shape` where the recipe names a single row by `sample`).
   */
  apply<T extends Floats>(x: T, options: ApplyOptions<T> = {}): T {
    return this.#apply(x, options, 'x')
  }

  /**
   * The gradient of {@link Mask.apply}: the same select and factor, on the gradient of its output. Pass the same
   * `shape`, `ids`, `scaling` and `training`.
   *
   * @throws {DropoutError} as {@link Mask.apply}.
   */
  backward<T extends Floats>(dy: T, options: ApplyOptions<T> = {}): T {
    return this.#apply(dy, options, 'dy')
  }

  #apply<T extends Floats>(x: T, options: ApplyOptions<T>, argument: string): T {
    checkOptions(options, APPLY)
    if (this.sample !== 0 && options.shape !== undefined) throw sampleWithShape(this.sample)
    return apply(this.#address, x, options, argument)
  }

  /**
   * The packed keep bits of lanes `0..length` or `start..start + length`: lane `start + i` is bit `i % 8` of byte
   * `i >> 3`, 1 = kept. Bits past the last lane are 0.
   *
   * @throws {DropoutError} `ERR_RANGE` for what is no whole number of lanes or past the 2^39 of a sample, `ERR_TYPE` for
   * what is no number.
   * @example
   * mask.bits(8) // Uint8Array of 1 byte
   * mask.bits(1000, 8) // lanes 1000..1007
   */
  bits(length: number): Uint8Array
  bits(start: number, length: number): Uint8Array
  bits(first: number, second?: number): Uint8Array {
    const [start, length] = checkLanes(first, second)
    const { rate, seed, place, step, sample } = this.#address
    const bits = allocate(length)
    try {
      native.maskBits(rate, seed, place, step, sample, start, length, bits)
      return bits
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * How many of the lanes `0..length` or `start..start + length` are kept.
   *
   * @throws {DropoutError} `ERR_RANGE` for what is no whole number of lanes or past the 2^39 of a sample, `ERR_TYPE` for
   * what is no number.
   */
  count(length: number): number
  count(start: number, length: number): number
  count(first: number, second?: number): number {
    const [start, length] = checkLanes(first, second)
    const { rate, seed, place, step, sample } = this.#address
    try {
      return native.maskCount(rate, seed, place, step, sample, start, length)
    } catch (error) {
      throw fromNative(error)
    }
  }

  /** The recipe as JSON writes it; {@link Mask.from} reads it. */
  toJSON(): MaskJSON {
    const { streamVersion, rate, seed, site, domain, step, sample, shared } = this
    const recipe = { streamVersion, rate, seed: seed.toString(), site, domain, step, sample }
    return shared ? { ...recipe, shared } : recipe
  }
}

function checkLanes(first: unknown, second: unknown): [start: number, length: number] {
  if (second === undefined) return [0, checkInteger(first, 'length', 0, MAX_LANES)]
  const start = checkInteger(first, 'start', 0, MAX_LANES)
  return [start, checkInteger(second, 'length', 0, MAX_LANES - start)]
}

function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(Math.ceil(length / 8))
  } catch {
    throw argumentError('ERR_RANGE', 'length', length, 'lanes whose bits fit into one Uint8Array')
  }
}

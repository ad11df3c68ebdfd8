import { argumentError, fromNative, mismatch } from '../../errors.js'
import { native } from '../../native/load.js'
import { checkFloats, type Floats } from '../../validate/array.js'
import { checkBoolean, checkOptions, checkWord } from '../../validate/options.js'
import { checkIds, indices } from '../../validate/rows.js'
import { emptyLike } from '../apply.js'
import { STREAM_VERSION } from '../recipe.js'
import { SCALINGS, type Scaling } from '../scaling.js'
import type { Source } from './options.js'
import { product } from './shape.js'

/** The kinds of masks with a structure. */
export type StructuredKind =
  | 'attention'
  | 'block'
  | 'broadcast'
  | 'channel'
  | 'dropPath'
  | 'element'
  | 'exactly'
  | 'sequence'
  | 'weights'

/** A structured mask as JSON writes it: its kind, which bits it has, and the options of its kind. */
export interface StructuredMaskJSON extends Source {
  readonly streamVersion: number
  readonly kind: StructuredKind
  readonly [option: string]: unknown
}

/** Which rows a structured mask is asked about. */
export interface RowsOptions {
  /**
   * The identity of each row in its data set, in `[0, 2^32)`; there may be more or fewer rows than `shape[0]`. The
   * same id twice gets the same mask twice.
   *
   * @default 0, 1, 2, …: the index of the row, `shape[0]` of them
   */
  ids?: ArrayLike<number> | undefined
}

/** How a structured mask is applied. */
export interface StructuredApplyOptions<T extends Floats = Floats> extends RowsOptions {
  /**
   * What keeps the expected value right.
   *
   * @default 'inverted'
   */
  scaling?: Scaling | undefined
  /**
   * False for inference: nothing is dropped, and with `scaling: 'standard'` all is multiplied by the probability of
   * being kept.
   *
   * @default true
   */
  training?: boolean | undefined
  /**
   * Where the result goes: an array of the type and length of the input, the input itself to work in place, or
   * any memory that does not overlap it.
   *
   * @default a new array
   */
  out?: T | undefined
}

const ROWS = new Set(['ids'])
const APPLY = new Set(['ids', 'scaling', 'training', 'out'])

/** What a builder knows of its mask. */
export interface Definition {
  readonly kind: StructuredKind
  /** Rows first. */
  readonly shape: readonly number[]
  readonly source: Source
  /** The options of the kind, as JSON writes them. */
  readonly own: Readonly<Record<string, unknown>>
  /** What the native addon draws. */
  readonly structure: Readonly<Record<string, unknown>>
}

/**
 * A mask whose elements do not drop each on its own: a frozen recipe, a pure function of seed, step, site and row.
 * Made by the functions of {@link mask}; `mask.from` reads what {@link StructuredMask.toJSON} wrote.
 *
 * Row i is the sample `ids[i]`, so a row has the same mask alone, in any batch, at any place and for any number of
 * threads. Forward and backward draw the mask again; nothing is stored between them.
 */
export class StructuredMask {
  /** What drops together. */
  readonly kind: StructuredKind
  /** The shape it was made for, rows first. */
  readonly shape: readonly number[]
  /** Elements of one row. */
  readonly elements: number

  /** The mask in native memory. */
  protected readonly native: InstanceType<typeof native.NativeMask>
  readonly #json: StructuredMaskJSON

  /** @internal */
  constructor({ kind, shape, source, own, structure }: Definition) {
    this.kind = kind
    this.shape = Object.freeze([...shape])
    this.elements = product(shape.slice(1))
    this.#json = { streamVersion: STREAM_VERSION, kind, ...own, ...source }
    const { share, ...address } = source
    const recipe = { streamVersion: STREAM_VERSION, ...address, shared: share === 'batch', ...structure }
    try {
      this.native = new native.NativeMask(JSON.stringify(recipe))
    } catch (error) {
      throw fromNative(error)
    }
    Object.defineProperty(this, 'native', { enumerable: false })
    Object.freeze(this)
  }

  /** The expected share of dropped elements. */
  get expectedRate(): number {
    return this.native.expectedRate()
  }

  /**
   * Drops and scales: kept elements are multiplied by the factor of the mask, dropped ones become +0, NaN and
   * infinities too. O(n), no memory but a new `out`.
   *
   * @param x - rows of {@link StructuredMask.elements} elements: `ids.length` of them, or `shape[0]` without ids.
   * @returns `options.out`, or a new array.
   * @throws {DropoutError} `ERR_TYPE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`,
   * `ERR_OPTION`.
   */
  apply<T extends Floats>(x: T, options: StructuredApplyOptions<T> = {}): T {
    return this.#apply(x, options, 'x')
  }

  /**
   * The gradient of {@link StructuredMask.apply}: the same select and factors, on the gradient of its output. Pass the
   * same `ids`, `scaling` and `training`.
   *
   * @throws {DropoutError} as {@link StructuredMask.apply}.
   */
  backward<T extends Floats>(dy: T, options: StructuredApplyOptions<T> = {}): T {
    return this.#apply(dy, options, 'dy')
  }

  #apply<T extends Floats>(x: T, options: StructuredApplyOptions<T>, argument: string): T {
    checkOptions(options, APPLY)
    checkFloats<T>(x, argument)
    const ids = this.rowsOf(options.ids, x.length, argument)
    const standard = checkWord(options.scaling, 'scaling', SCALINGS, 'inverted') === 'standard'
    const training = checkBoolean(options.training, 'training', true)
    const out = options.out === undefined ? emptyLike(x) : checkFloats<T>(options.out, 'out')
    if (x.length === 0 && out.length === 0) return out
    try {
      this.native.apply(x, out, standard, training, ids)
      return out
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * The packed keep bits of the rows, one after another without gaps: element `e` of row `i` is bit
   * `j % 8` of byte `j >> 3` with `j = i * elements + e`; 1 = kept.
   *
   * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE`, `ERR_OPTION`.
   */
  bits(options: RowsOptions = {}): Uint8Array {
    checkOptions(options, ROWS)
    const ids = this.#ids(options.ids)
    try {
      const out = allocate(ids.length * this.elements)
      this.native.bits(ids, out)
      return out
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * How many elements of the rows are kept.
   *
   * @throws {DropoutError} as {@link StructuredMask.bits}.
   */
  count(options: RowsOptions = {}): number {
    checkOptions(options, ROWS)
    const ids = this.#ids(options.ids)
    try {
      return this.native.count(ids)
    } catch (error) {
      throw fromNative(error)
    }
  }

  /** The recipe as JSON writes it; `mask.from` reads it. */
  toJSON(): StructuredMaskJSON {
    return this.#json
  }

  /** The ids of the rows that `length` elements are. */
  protected rowsOf(ids: unknown, length: number, argument: string): Uint32Array {
    const list = this.#ids(ids)
    if (list.length * this.elements !== length) {
      const allowed = `${list.length} rows of ${this.elements} elements, ${list.length * this.elements} in all`
      throw mismatch('ERR_SHAPE', argument, `${length} elements`, allowed)
    }
    return list
  }

  #ids(ids: unknown): Uint32Array {
    if (ids === undefined) return indices(this.shape[0] as number)
    return checkIds(ids, 'ids', (ids as ArrayLike<number>)?.length ?? 0)
  }
}

function allocate(bits: number): Uint8Array {
  try {
    return new Uint8Array(Math.ceil(bits / 8))
  } catch {
    throw argumentError('ERR_RANGE', 'shape', bits, 'elements whose bits fit into one Uint8Array')
  }
}

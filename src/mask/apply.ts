import { constants } from 'node:buffer'
import { fromNative } from '../errors.js'
import { native } from '../native/load.js'
import { checkFloats, type Floats } from '../validate/array.js'
import { checkBoolean, checkWord } from '../validate/options.js'
import { checkRows, type Rows } from '../validate/rows.js'
import type { Address } from './recipe.js'
import { SCALINGS, type Scaling } from './scaling.js'

/** How a mask is applied, whoever waits for it. */
export interface RowOptions {
  /**
   * The shape, rows first: `[rows, ...]`. Then every row has the mask of its own id, in any batch, at any place.
   * Without it the elements are one flat tensor, the row `sample`.
   *
   * @default undefined
   * @example [128, 512]
   */
  shape?: ArrayLike<number> | undefined
  /**
   * The identity of each row in its data set, in `[0, 2^32)`, `shape[0]` of them. The same id twice gets the same mask
   * twice. A `Uint32Array` is taken as it is, other lists are copied into one.
   *
   * @default 0, 1, 2, …: the index of the row
   */
  ids?: ArrayLike<number> | undefined
  /**
   * What keeps the expected value right.
   *
   * @default 'inverted'
   */
  scaling?: Scaling | undefined
  /**
   * False for inference: nothing is dropped, and with `scaling: 'standard'` all is multiplied by `1 - rate`.
   *
   * @default true
   */
  training?: boolean | undefined
}

/** How a mask is applied. */
export interface ApplyOptions<T extends Floats = Floats> extends RowOptions {
  /**
   * Where the result goes: an array of the type and length of the input, the input itself to work in place, or
   * any memory that does not overlap it.
   *
   * @default a new array
   */
  out?: T | undefined
}

/** The names of {@link RowOptions}. */
export const ROW_OPTIONS = ['shape', 'ids', 'scaling', 'training'] as const

/** The names of {@link ApplyOptions}. */
export const APPLY_OPTIONS = [...ROW_OPTIONS, 'out'] as const

/** What is to be done, checked. */
export interface Work<T extends Floats> {
  readonly x: T
  readonly rows: Rows | undefined
  readonly standard: boolean
  readonly training: boolean
}

/** Checks everything but `out`. `argument` is the caller's name of `x`. */
export function checkWork<T extends Floats>(x: T, options: RowOptions, argument: string): Work<T> {
  return {
    x: checkFloats<T>(x, argument),
    rows: checkRows(options.shape, options.ids, x.length),
    standard: checkWord(options.scaling, 'scaling', SCALINGS, 'inverted') === 'standard',
    training: checkBoolean(options.training, 'training', true),
  }
}

/**
 * Drops and scales: `out[i]` is `x[i]` times the factor where lane i is kept and +0 where it is dropped. The
 * backward pass is the same select on the gradient. O(n), no memory but a new `out`.
 */
export function apply<T extends Floats>(
  address: Address,
  x: T,
  options: ApplyOptions<T>,
  argument: string,
): T {
  const { rows, standard, training } = checkWork(x, options, argument)
  const out = options.out === undefined ? emptyLike(x) : checkFloats<T>(options.out, 'out')
  const { rate, seed, place, step, sample } = address
  try {
    native.dropout(x, out, standard, training, rate, seed, place, step, sample, rows?.ids, rows?.width ?? 0)
  } catch (error) {
    throw fromNative(error)
  }
  return out
}

/** Bytes below which cleared memory is had faster than memory that is not cleared. */
const CLEARED_BELOW = 4096

/** A new array of the type and length of `x`, as {@link empty}; `x` may be of another realm. */
export function emptyLike<T extends Floats>({ length, BYTES_PER_ELEMENT }: T): T {
  return empty(length, BYTES_PER_ELEMENT) as T
}

/**
 * A new array of `length` numbers of 4 or 8 bytes. Kernels write every element, so clearing a large array first would only
 * cost time.
 */
export function empty(length: number, bytesPerElement: 4): Float32Array
export function empty(length: number, bytesPerElement: number): Floats
export function empty(length: number, bytesPerElement: number): Floats {
  const bytes = length * bytesPerElement
  const isCleared = bytes < CLEARED_BELOW || bytes > constants.MAX_LENGTH
  const memory = isCleared ? new ArrayBuffer(bytes) : Buffer.allocUnsafeSlow(bytes).buffer
  return bytesPerElement === 4 ? new Float32Array(memory) : new Float64Array(memory)
}

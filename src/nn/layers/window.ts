import { argumentError } from '../../errors.js'
import { isList } from '../../validate/list.js'
import { checkInteger } from '../../validate/number.js'
import { checkWord } from '../../validate/options.js'

/** Where the channels of an image may stand, by name. */
export const IMAGE_LAYOUTS = ['NHWC', 'NCHW'] as const

/**
 * Where the channels of a row stand: `NHWC`, after the positions (`[height, width, channels]`, as in TensorFlow), or
 * `NCHW`, before them (`[channels, height, width]`, as in PyTorch). Layers work channels last, so `NCHW` costs a
 * transposition at the border to other layouts.
 */
export type ImageLayout = (typeof IMAGE_LAYOUTS)[number]

/** A number for height and width, or one for each: `[height, width]`. */
export type Pair = number | readonly [number, number]

/**
 * What is put around an input: `valid`, nothing; `same`, zeros for `ceil(input / stride)` outputs, of which the larger
 * half comes after the input where their number is odd; or how many on each side.
 */
export type Padding<Amount = number> = 'valid' | 'same' | Amount

/** The largest extent. */
export const MAX_EXTENT = 2 ** 31

/** One number of at least `least`, or two. */
export function checkPair(value: unknown, argument: string, least = 1): Pair {
  if (!isList(value)) return checkInteger(value, argument, least, MAX_EXTENT)
  if (value.length !== 2) {
    throw argumentError('ERR_SHAPE', argument, value, 'a number, or [height, width]')
  }
  const each = (axis: number): number =>
    checkInteger((value as ArrayLike<unknown>)[axis], `${argument}[${axis}]`, least, MAX_EXTENT)
  return Object.freeze([each(0), each(1)] as const)
}

/** Padding along two axes. */
export function checkPadding(value: unknown, argument: string): Padding<Pair> {
  if (typeof value === 'string') return checkWord(value, argument, ['valid', 'same'] as const)
  return checkPair(value, argument, 0)
}

/** Padding along one axis. */
export function checkPadding1d(value: unknown, argument: string): Padding {
  if (typeof value === 'string') return checkWord(value, argument, ['valid', 'same'] as const)
  return checkInteger(value, argument, 0, MAX_EXTENT)
}

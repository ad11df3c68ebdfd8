import { fromNative, mismatch } from '../errors.js'
import { APPLY_OPTIONS, type ApplyOptions, checkWork, emptyLike } from '../mask/apply.js'
import { type Address, MASK_OPTIONS, type MaskOptions } from '../mask/recipe.js'
import { checkFloats, type Floats } from '../validate/array.js'
import { checkDropout } from './options.js'

/** The options of noise on one array. */
export interface NoiseOptions<T extends Floats = Floats>
  extends MaskOptions,
    Omit<ApplyOptions<T>, 'scaling'> {}

/** The names of {@link NoiseOptions}. */
export const NOISE_OPTIONS: readonly string[] = [
  ...MASK_OPTIONS,
  ...APPLY_OPTIONS.filter((name) => name !== 'scaling'),
]

/** What the addon takes after the arrays: the address, the rows' ids and their width. */
export type Place = readonly [
  rate: number,
  seed: bigint,
  place: number,
  step: number,
  sample: number,
  ids: Uint32Array | undefined,
  width: number,
]

/** What is to be done, checked. */
export interface NoiseWork<T extends Floats> {
  readonly x: T
  readonly training: boolean
  readonly place: Place
}

/** Checks everything but `out`. `argument` is the caller's name of `x`. */
export function checkNoise<T extends Floats>(
  x: T,
  options: Omit<NoiseOptions<T>, 'out'>,
  known: ReadonlySet<string>,
  argument: string,
): NoiseWork<T> {
  const { rate, seed, place, step, sample }: Address = checkDropout(options, known)
  const { rows, training } = checkWork(x, options, argument)
  return { x, training, place: [rate, seed, place, step, sample, rows?.ids, rows?.width ?? 0] }
}

/** The output that was passed, or a new one. */
export function outputFor<T extends Floats>(out: unknown, x: T, argument = 'out'): T {
  return out === undefined ? emptyLike(x) : checkFloats<T>(out, argument)
}

/** A second input of the type and length of the first. */
export function checkLike<T extends Floats>(value: unknown, argument: string, x: T, other: string): T {
  const array = checkFloats<T>(value, argument)
  if (array.length === x.length) return array
  const allowed = `as long as \`${other}\`, ${x.length} elements`
  throw mismatch('ERR_SHAPE', argument, `${array.length} elements`, allowed)
}

/** Runs a call of the addon, whose errors become those of this library. */
export function guarded<R>(call: () => R): R {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}

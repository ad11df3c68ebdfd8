import { fromNative } from '../errors.js'
import { checkWork, ROW_OPTIONS } from '../mask/apply.js'
import { MASK_OPTIONS } from '../mask/recipe.js'
import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkDropout, type DropoutAsyncOptions } from './options.js'

const KNOWN = new Set<string>([...MASK_OPTIONS, ...ROW_OPTIONS])

/**
 * {@link dropout} off the event loop, on a native thread of its own, for very large arrays. The input is copied
 * before the call returns, so it may change, or be transferred, right after.
 *
 * Starting a thread and copying cost more than the work itself below about a million elements.
 *
 * @returns a promise of a new array. It rejects, also for bad arguments, as {@link dropout} throws.
 * @example
 * const y = await dropoutAsync(x, { rate: 0.1, seed: 7n })
 */
export async function dropoutAsync<T extends Floats>(x: T, options: DropoutAsyncOptions): Promise<T> {
  return applyAsync(x, options, 'x')
}

/**
 * {@link dropoutBackward} off the event loop, as {@link dropoutAsync}.
 *
 * @returns a promise of a new array. It rejects, also for bad arguments, as {@link dropout} throws.
 */
export async function dropoutBackwardAsync<T extends Floats>(
  dy: T,
  options: DropoutAsyncOptions,
): Promise<T> {
  return applyAsync(dy, options, 'dy')
}

async function applyAsync<T extends Floats>(
  x: T,
  options: DropoutAsyncOptions,
  argument: string,
): Promise<T> {
  const { rate, seed, place, step, sample } = checkDropout(options, KNOWN)
  const { rows, standard, training } = checkWork(x, options, argument)
  try {
    const { ids, width = 0 } = rows ?? {}
    return (await native.dropoutAsync(
      x,
      standard,
      training,
      rate,
      seed,
      place,
      step,
      sample,
      ids,
      width,
    )) as T
  } catch (error) {
    throw fromNative(error)
  }
}

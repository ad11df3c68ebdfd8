import type { ApplyOptions, RowOptions } from '../mask/apply.js'
import { type Address, checkAddress, type MaskOptions } from '../mask/recipe.js'
import type { Floats } from '../validate/array.js'
import { checkOptions } from '../validate/options.js'
import { sampleWithShape } from '../validate/rows.js'

/** The options of {@link dropout} and {@link dropoutBackward}. */
export interface DropoutOptions<T extends Floats = Floats> extends MaskOptions, ApplyOptions<T> {}

/** The options of {@link dropoutAsync} and {@link dropoutBackwardAsync}: all but `out`. */
export interface DropoutAsyncOptions extends MaskOptions, RowOptions {}

/** Checks the names of the options and the address they give. */
export function checkDropout(options: MaskOptions & RowOptions, known: ReadonlySet<string>): Address {
  checkOptions(options, known)
  if (options.sample !== undefined && options.shape !== undefined) throw sampleWithShape(options.sample)
  return checkAddress(options)
}

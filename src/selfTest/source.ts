import { Mask } from '../mask/mask.js'
import type { MaskRecipe } from '../mask/recipe.js'
import { type BlockMaskOptions, block } from '../mask/structured/block.js'
import { type ExactlyMaskOptions, exactly } from '../mask/structured/exactly.js'

/**
 * Where the masks under test come from: the library, or a planted defect. Every array is packed keep bits at the start of
 * memory of its own.
 */
export interface Source {
  /** Lanes `start..start + length`, as `Mask.bits`. */
  bits(recipe: MaskRecipe, start: number, length: number): Uint8Array
  /** All rows, as `mask.block(options).bits()`. */
  block(options: BlockMaskOptions): Uint8Array
  /** All rows, as `mask.exactly(options).bits()`. */
  exactly(options: ExactlyMaskOptions): Uint8Array
}

/** The masks of this library. */
export const librarySource: Source = {
  bits: (recipe, start, length) => Mask.from(recipe).bits(start, length),
  block: (options) => block(options).bits(),
  exactly: (options) => exactly(options).bits(),
}

/** A source that counts the lanes drawn from another one. */
export class CountingSource implements Source {
  /** Lanes drawn so far. */
  lanes = 0
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  bits(recipe: MaskRecipe, start: number, length: number): Uint8Array {
    this.lanes += length
    return this.#source.bits(recipe, start, length)
  }

  block(options: BlockMaskOptions): Uint8Array {
    this.lanes += Array.from(options.shape).reduce((product, size) => product * size, 1)
    return this.#source.block(options)
  }

  exactly(options: ExactlyMaskOptions): Uint8Array {
    this.lanes += (options.rows ?? 1) * options.size
    return this.#source.exactly(options)
  }
}

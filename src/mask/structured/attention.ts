import { argumentError, fromNative } from '../../errors.js'
import { checkFloats, type Floats } from '../../validate/array.js'
import { checkRate } from '../../validate/number.js'
import { checkBoolean, checkOptions, checkWord } from '../../validate/options.js'
import { emptyLike } from '../apply.js'
import { type RowsOptions, StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkShape } from './shape.js'

/** The options of `mask.attention`. */
export interface AttentionMaskOptions extends StructuredOptions {
  /** How likely a weight drops, in `[0, 1]`. */
  rate: number
  /** `[rows, heads, queries, keys]`; at most 256 heads, and per element 16384 queries and 131072 keys. */
  shape: ArrayLike<number>
  /**
   * What drops together: single weights (Vaswani et al. 2017), a key for all queries (Zehui et al. 2019, DropAttention
   * by columns), all keys of a query, or a head (Zhou et al. 2020, DropHead).
   *
   * @default 'element'
   */
  per?: 'element' | 'key' | 'row' | 'head' | undefined
  /**
   * One draw of keys or rows for all heads.
   *
   * @default false
   */
  shareHeads?: boolean | undefined
}

/** How weights are renormalised. */
export interface RenormalizeOptions<T extends Floats = Floats> extends RowsOptions {
  /**
   * Where the result goes: memory of the type and length of the weights that does not overlap them.
   *
   * @default a new array
   */
  out?: T | undefined
}

const ATTENTION = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape', 'per', 'shareHeads'])
const RENORMALIZE = new Set(['ids', 'out'])

/** A mask on attention weights: what {@link attention} makes. */
export class AttentionMask extends StructuredMask {
  /**
   * The kept weights of each query over their sum, so that they add up to 1 again (Zehui et al. 2019, equation 3), in
   * the place of the factor `1 / (1 - rate)`: sums no longer vary, but the expected value of a weight is not the weight.
   * A query that keeps nothing gets zeros.
   *
   * @param weights - rows of `[heads, queries, keys]`.
   * @throws {DropoutError} as {@link StructuredMask.apply}.
   */
  renormalize<T extends Floats>(weights: T, options: RenormalizeOptions<T> = {}): T {
    return this.#renormalize(weights, undefined, options)
  }

  /**
   * The gradient of {@link AttentionMask.renormalize} with respect to the weights, from that of its output and the
   * weights. Pass the same `ids`.
   *
   * @throws {DropoutError} as {@link StructuredMask.apply}.
   */
  renormalizeBackward<T extends Floats>(dy: T, weights: T, options: RenormalizeOptions<T> = {}): T {
    return this.#renormalize(weights, dy, options)
  }

  #renormalize<T extends Floats>(weights: T, dy: T | undefined, options: RenormalizeOptions<T>): T {
    checkOptions(options, RENORMALIZE)
    checkFloats<T>(weights, 'weights')
    const ids = this.rowsOf(options.ids, weights.length, 'weights')
    if (dy !== undefined) {
      checkFloats<T>(dy, 'dy')
      if (dy.BYTES_PER_ELEMENT !== weights.BYTES_PER_ELEMENT) {
        throw argumentError('ERR_TYPE', 'dy', dy, 'an array of the type of the weights')
      }
      this.rowsOf(options.ids, dy.length, 'dy')
    }
    const out = options.out === undefined ? emptyLike(weights) : checkFloats<T>(options.out, 'out')
    if (weights.length === 0 && out.length === 0) return out
    try {
      this.native.renormalize(weights, dy, out, ids)
      return out
    } catch (error) {
      throw fromNative(error)
    }
  }
}

/**
 * Attention weights drop after the softmax: single ones, keys, queries or heads. A weight's lane is named by head,
 * query and key, so padding either to another length changes nothing.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.attention({ rate: 0.1, shape: [2, 8, 128, 128], per: 'key', seed: 7n })
 */
export function attention(options: AttentionMaskOptions): AttentionMask {
  checkOptions(options, ATTENTION)
  const shape = checkShape(options.shape, 'shape', [4, 4])
  const rate = checkRate(options.rate)
  const per = checkWord(options.per, 'per', ['element', 'key', 'row', 'head'], 'element')
  const shareHeads = checkBoolean(options.shareHeads, 'shareHeads', false)
  return new AttentionMask({
    kind: 'attention',
    shape,
    source: checkSource(options),
    own: { rate, shape, per, shareHeads },
    structure: { kind: 'attention', rate, shape: shape.slice(1), per, sharedByHeads: shareHeads },
  })
}

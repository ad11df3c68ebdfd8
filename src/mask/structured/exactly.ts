import { checkInteger, MAX_WORD } from '../../validate/number.js'
import { checkOptions } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'

/** The options of `mask.exactly`. */
export interface ExactlyMaskOptions extends StructuredOptions {
  /** How many elements of a row drop, in `[0, size]`. */
  drop: number
  /** Elements of a row, in `[0, 2^32)`. */
  size: number
  /**
   * Rows, where no ids say how many.
   *
   * @default 1
   */
  rows?: number | undefined
}

const EXACTLY = new Set<string>([...STRUCTURED_OPTIONS, 'drop', 'size', 'rows'])

/**
 * Exactly `drop` of the `size` elements of a row drop, without replacement: every choice is equally likely, and the
 * number of kept ones never varies. The kept ones are multiplied by `size / (size - drop)`. The lanes with the
 * smallest 64-bit keys drop.
 *
 * @throws {DropoutError} `ERR_RANGE` (more than there are), `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.exactly({ drop: 8, size: 64, seed: 7n })
 */
export function exactly(options: ExactlyMaskOptions): StructuredMask {
  checkOptions(options, EXACTLY)
  const size = checkInteger(options.size, 'size', 0, MAX_WORD)
  const drop = checkInteger(options.drop, 'drop', 0, size)
  const rows = checkInteger(options.rows, 'rows', 0, MAX_WORD, 1)
  return new StructuredMask({
    kind: 'exactly',
    shape: [rows, size],
    source: checkSource(options),
    own: { drop, size, rows },
    structure: { kind: 'exactly', drop, size },
  })
}

import { checkOptions, checkWord } from '../../validate/options.js'
import { checkStreamVersion } from '../recipe.js'
import { attention } from './attention.js'
import { block } from './block.js'
import { broadcast, element } from './broadcast.js'
import { channel } from './channel.js'
import { dropPath } from './dropPath.js'
import { exactly } from './exactly.js'
import type { StructuredKind, StructuredMask, StructuredMaskJSON } from './mask.js'
import { sequence } from './sequence.js'
import { weights } from './weights.js'

const BUILDERS = { attention, block, broadcast, channel, dropPath, element, exactly, sequence, weights }
const KINDS = Object.keys(BUILDERS) as StructuredKind[]

/**
 * The structured mask of a recipe, for instance of one parsed from JSON.
 *
 * @throws {DropoutError} `ERR_VERSION` (a stream that this library does not draw), `ERR_OPTION` (a kind or a name that
 * nobody knows), and what the mask's own function throws.
 * @example
 * mask.from(JSON.parse(JSON.stringify(mask.exactly({ drop: 8, size: 64, seed: 7n }))))
 */
export function from(recipe: StructuredMaskJSON): StructuredMask {
  if (typeof recipe !== 'object' || recipe === null) checkOptions(recipe, new Set(), 'recipe')
  const { streamVersion, kind, ...options } = recipe
  checkStreamVersion(streamVersion)
  const build = BUILDERS[checkWord(kind, 'kind', KINDS)]
  return build(options as never)
}

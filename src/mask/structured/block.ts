import { mismatch } from '../../errors.js'
import { isList } from '../../validate/list.js'
import { checkInteger, checkRate, MAX_WORD } from '../../validate/number.js'
import { checkBoolean, checkOptions, checkWord } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkShape, LAYOUTS, type Layout, mapShape } from './shape.js'

/** The options of `mask.block`. */
export interface BlockMaskOptions extends StructuredOptions {
  /** The share of positions that drop, in `[0, 1]`. */
  rate: number
  /** The size of a block along each axis of positions, or one for all of them; odd or even, at most the map's. */
  blockSize: number | ArrayLike<number>
  /** The shape of the maps, as `layout` says. */
  shape: ArrayLike<number>
  /** What the axes of `shape` are. Never guessed. */
  layout: Layout
  /**
   * One draw for all channels instead of one for each; the paper found the latter better.
   *
   * @default false
   */
  shareChannels?: boolean | undefined
  /**
   * `'valid'`: blocks lie within the map. `'clipped'`: they may reach past its border, from seeds at their middle (the
   * lower one of an even size).
   *
   * @default 'valid'
   */
  border?: 'valid' | 'clipped' | undefined
  /**
   * `'exact'`: the seed rate for which the expected share of dropped positions is `rate`. `'paper'`: equation 1 of the
   * paper, which ignores that blocks overlap, so that fewer drop than asked for.
   *
   * @default 'exact'
   */
  rule?: 'exact' | 'paper' | undefined
  /**
   * `'sample'`: a row's elements over those kept of it, the paper's (which drop least often, near the border, come out
   * too large on average). `'position'`: each position over its own probability of being kept, so that every element
   * keeps its expected value.
   *
   * @default 'sample'
   */
  scale?: 'sample' | 'position' | undefined
}

const BLOCK = new Set<string>([
  ...STRUCTURED_OPTIONS,
  'rate',
  'blockSize',
  'shape',
  'layout',
  'shareChannels',
  'border',
  'rule',
  'scale',
])

/** Contiguous regions of a map drop together: what {@link block} makes. */
export class BlockMask extends StructuredMask {
  /** How likely a position is the seed of a block. */
  get seedRate(): number {
    return this.native.seedRate() as number
  }

  /** How likely each position of the map drops, row-major. */
  positionRates(): Float64Array {
    return Float64Array.from(this.native.positionRates() as number[])
  }
}

/**
 * Contiguous regions of a signal, an image or a volume drop together: DropBlock (Ghiasi, Lin & Le 2018). Lane: the
 * block's corner with the smallest coordinates in the full map, channel first, whatever the layout.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE` (a block larger than the map), `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.block({ rate: 0.1, blockSize: 7, shape: [32, 28, 28, 256], layout: 'NHWC', seed: 7n })
 */
export function block(options: BlockMaskOptions): BlockMask {
  checkOptions(options, BLOCK)
  const layout = checkWord(options.layout, 'layout', LAYOUTS)
  const shape = checkShape(options.shape, 'shape', [3, 5])
  const { channels, positions, channelsFirst } = mapShape(shape, layout)
  const blockSize = checkBlockSize(options.blockSize, positions)
  const rate = checkRate(options.rate)
  const shareChannels = checkBoolean(options.shareChannels, 'shareChannels', false)
  const border = checkWord(options.border, 'border', ['valid', 'clipped'], 'valid')
  const rule = checkWord(options.rule, 'rule', ['exact', 'paper'], 'exact')
  const scale = checkWord(options.scale, 'scale', ['sample', 'position'], 'sample')
  return new BlockMask({
    kind: 'block',
    shape,
    source: checkSource(options),
    own: { rate, blockSize, shape, layout, shareChannels, border, rule, scale },
    structure: {
      kind: 'block',
      rate,
      positions,
      blockSize,
      channels,
      layout: channelsFirst ? 'channelsFirst' : 'channelsLast',
      sharedByChannels: shareChannels,
      border,
      rule,
      scale,
    },
  })
}

function checkBlockSize(value: unknown, positions: readonly number[]): number[] {
  if (!isList(value)) {
    const size = checkInteger(value, 'blockSize', 1, MAX_WORD)
    return fitting(positions.map(() => size))
  }
  return fitting(Array.from(value, (size, axis) => checkInteger(size, `blockSize[${axis}]`, 1, MAX_WORD)))

  function fitting(sizes: number[]): number[] {
    const fits = sizes.length === positions.length
    if (fits && sizes.every((size, axis) => size <= (positions[axis] as number))) return sizes
    const allowed = `at most the map's positions [${positions.join(', ')}] along each axis`
    throw mismatch('ERR_SHAPE', 'blockSize', `[${sizes.join(', ')}]`, allowed)
  }
}

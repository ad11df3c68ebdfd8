import { checkOptions, checkWord } from '../../validate/options.js'
import { StructuredMask } from './mask.js'
import { checkSource, STRUCTURED_OPTIONS, type StructuredOptions } from './options.js'
import { checkRates, type Rates } from './rates.js'
import { checkShape, LAYOUTS, type Layout, mapShape } from './shape.js'

/** The options of `mask.channel`. */
export interface ChannelMaskOptions extends StructuredOptions {
  /** How likely a channel drops: one rate, or one for each channel. */
  rate: Rates
  /** The shape of the maps, as `layout` says. */
  shape: ArrayLike<number>
  /** What the axes of `shape` are. Never guessed. */
  layout: Layout
}

const CHANNEL = new Set<string>([...STRUCTURED_OPTIONS, 'rate', 'shape', 'layout'])

/**
 * Whole channels of a signal, an image or a volume drop: spatial dropout (Tompson et al. 2015). Lane: the channel,
 * whatever the layout.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * mask.channel({ rate: 0.2, shape: [32, 64, 28, 28], layout: 'NCHW', seed: 7n })
 */
export function channel(options: ChannelMaskOptions): StructuredMask {
  checkOptions(options, CHANNEL)
  const layout = checkWord(options.layout, 'layout', LAYOUTS)
  const shape = checkShape(options.shape, 'shape', [3, 5])
  const { channels, positions, channelsFirst } = mapShape(shape, layout)
  const rate = checkRates(options.rate, [channels])
  const ones = positions.map(() => 1)
  return new StructuredMask({
    kind: 'channel',
    shape,
    source: checkSource(options),
    own: { rate, shape, layout },
    structure: {
      kind: 'broadcast',
      rate,
      shape: shape.slice(1),
      noiseShape: channelsFirst ? [channels, ...ones] : [...ones, channels],
    },
  })
}

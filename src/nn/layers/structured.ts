import { isList } from '../../validate/list.js'
import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { SHARES, type Share } from './names.js'
import { IMAGE_LAYOUTS, type ImageLayout, MAX_EXTENT } from './window.js'

/** In training whole channels of a row drop with probability `rate`. */
export interface SpatialDropoutLayer extends SpatialDropoutOptions {
  readonly type: 'spatialDropout'
  /** The drop probability, in `[0, 1]`. */
  readonly rate: number
}

/** The options of {@link spatialDropout}. */
export interface SpatialDropoutOptions {
  /**
   * Where the channels stand.
   *
   * @default 'NHWC'
   */
  readonly layout?: ImageLayout | undefined
  /**
   * Who has masks of its own: `none`, every row; `batch`, every step (and every Monte Carlo pass), whose rows then share
   * a mask.
   *
   * @default 'none'
   */
  readonly share?: Share | undefined
  /**
   * The place of the layer's masks in the stream, in `[0, 65535]`; two layers may not share one.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** In training contiguous blocks of a map drop together. */
export interface DropBlockLayer extends DropBlockOptions {
  readonly type: 'dropBlock'
  /** The share of positions that drop, in `[0, 1]`. */
  readonly rate: number
  /** The size of a block along each axis of positions, or one for all; at least 1, at most the map's. */
  readonly blockSize: number | readonly number[]
}

/** The options of {@link dropBlock}. */
export interface DropBlockOptions extends SpatialDropoutOptions {
  /**
   * One draw for all channels instead of one for each; the paper found the latter better.
   *
   * @default false
   */
  readonly shareChannels?: boolean | undefined
  /**
   * `valid`: blocks lie within the map. `clipped`: they may reach past its border.
   *
   * @default 'valid'
   */
  readonly border?: 'valid' | 'clipped' | undefined
  /**
   * `exact`: the expected share of dropped positions is `rate`. `paper`: equation 1 of the paper, which ignores that
   * blocks overlap, so that fewer drop than asked for.
   *
   * @default 'exact'
   */
  readonly rule?: 'exact' | 'paper' | undefined
  /**
   * `sample`: a row's elements over those kept of it, the paper's. `position`: each position over its own probability of
   * being kept, so that every element keeps its expected value.
   *
   * @default 'sample'
   */
  readonly scale?: 'sample' | 'position' | undefined
}

const SPATIAL_OPTIONS = ['layout', 'share', 'site'] as const
const BLOCK_OPTIONS = [...SPATIAL_OPTIONS, 'shareChannels', 'border', 'rule', 'scale'] as const

/**
 * Dropout of whole channels (Tompson et al. 2015): in training `y = m x / (1 - rate)` with one `m` for each channel of a
 * row, in inference `y = x`. For maps, whose neighbours say the same. Rows are `[..., channels]` with at least one axis
 * of positions; the mask is that of `mask.channel` with the row's id.
 *
 * @param rate - the drop probability, in `[0, 1]`.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described;
 * `ERR_CONFIG`, when the model is made, for rows of one axis.
 *
 * @example
 * spatialDropout(0.2)
 */
export function spatialDropout(rate: number, options: SpatialDropoutOptions = {}): SpatialDropoutLayer {
  const fields = checkFields<SpatialDropoutOptions>(options, 'options', SPATIAL_OPTIONS)
  return checkSpatialDropout({ ...fields, type: 'spatialDropout', rate }, '')
}

/**
 * DropBlock (Ghiasi, Lin & Le 2018): in training contiguous blocks of a map drop together, in inference `y = x`. Rows are
 * `[..., channels]` with one to three axes of positions; the mask is that of `mask.block` with the row's id. The paper
 * raises the rate linearly in the course of training: give `fit` a schedule of rates.
 *
 * @param rate - the share of positions that drop, in `[0, 1]`.
 * @param blockSize - the size of a block along each axis of positions, or one for all.
 * @throws {DropoutError} `ERR_RATE`, `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described;
 * `ERR_CONFIG`, when the model is made, for blocks larger than the map.
 *
 * @example
 * dropBlock(0.1, 7)
 */
export function dropBlock(
  rate: number,
  blockSize: number | readonly number[],
  options: DropBlockOptions = {},
): DropBlockLayer {
  const fields = checkFields<DropBlockOptions>(options, 'options', BLOCK_OPTIONS)
  return checkDropBlock({ ...fields, type: 'dropBlock', rate, blockSize }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkSpatialDropout(layer: object, at: string): SpatialDropoutLayer {
  const fields = checkPart<SpatialDropoutLayer>(layer, at, ['type', 'rate', ...SPATIAL_OPTIONS])
  return record<SpatialDropoutLayer>({
    type: 'spatialDropout',
    rate: checkRate(fields.rate, `${at}rate`),
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
    share: optional(fields.share, `${at}share`, checkWord, SHARES),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkDropBlock(layer: object, at: string): DropBlockLayer {
  const fields = checkPart<DropBlockLayer>(layer, at, ['type', 'rate', 'blockSize', ...BLOCK_OPTIONS])
  return record<DropBlockLayer>({
    type: 'dropBlock',
    rate: checkRate(fields.rate, `${at}rate`),
    blockSize: checkBlockSize(fields.blockSize, `${at}blockSize`),
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
    shareChannels: optional(fields.shareChannels, `${at}shareChannels`, checkBoolean),
    border: optional(fields.border, `${at}border`, checkWord, ['valid', 'clipped'] as const),
    rule: optional(fields.rule, `${at}rule`, checkWord, ['exact', 'paper'] as const),
    scale: optional(fields.scale, `${at}scale`, checkWord, ['sample', 'position'] as const),
    share: optional(fields.share, `${at}share`, checkWord, SHARES),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

function checkBlockSize(value: unknown, argument: string): number | readonly number[] {
  if (!isList(value)) return checkInteger(value, argument, 1, MAX_EXTENT)
  const sizes = Array.from(value as ArrayLike<unknown>)
  return Object.freeze(sizes.map((size, axis) => checkInteger(size, `${argument}[${axis}]`, 1, MAX_EXTENT)))
}

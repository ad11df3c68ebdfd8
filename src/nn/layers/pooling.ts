import { checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import {
  checkPadding,
  checkPair,
  IMAGE_LAYOUTS,
  type ImageLayout,
  type Padding,
  type Pair,
} from './window.js'

/** The largest number of each window of an image. */
export interface MaxPool2dLayer extends Pool2dOptions {
  readonly type: 'maxPool2d'
  /** Height and width of a window, at least 1. */
  readonly size: Pair
}

/** The mean of each window of an image. */
export interface AveragePool2dLayer extends Pool2dOptions {
  readonly type: 'averagePool2d'
  /** Height and width of a window, at least 1. */
  readonly size: Pair
}

/** The options of {@link maxPool2d} and {@link averagePool2d}. */
export interface Pool2dOptions {
  /**
   * Inputs from one window to the next, at least 1.
   *
   * @default the size, so that windows touch
   */
  readonly stride?: Pair | undefined
  /**
   * What is put around the input: `valid`, nothing; `same`, so much that there are `ceil(input / stride)` windows; or a
   * number, at most half of the size. A maximum does not see it, a mean counts it as zeros.
   *
   * @default 'valid'
   */
  readonly padding?: Padding<Pair> | undefined
  /**
   * Where the channels stand.
   *
   * @default 'NHWC'
   */
  readonly layout?: ImageLayout | undefined
}

/** The mean of each channel. */
export interface GlobalAveragePoolLayer extends GlobalAveragePoolOptions {
  readonly type: 'globalAveragePool'
}

/** The options of {@link globalAveragePool}. */
export interface GlobalAveragePoolOptions {
  /**
   * Where the channels stand.
   *
   * @default 'NHWC'
   */
  readonly layout?: ImageLayout | undefined
}

const POOL_OPTIONS = ['stride', 'padding', 'layout'] as const
const GLOBAL_OPTIONS = ['layout'] as const

/**
 * The largest number of each window of an image, for each channel: rows `[height, width, channels]` become
 * `[height', width', channels]`. The gradient goes to the first input of a window that is as large, row by row.
 *
 * @param size - height and width of a window, at least 1: a number for both, or `[height, width]`.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE`, `ERR_SHAPE` or `ERR_OPTION` for an argument that is not as described;
 * `ERR_CONFIG`, when the model is made, for rows that are no images and windows larger than the padded input.
 *
 * @example
 * maxPool2d(2)
 */
export function maxPool2d(size: Pair, options: Pool2dOptions = {}): MaxPool2dLayer {
  const fields = checkFields<Pool2dOptions>(options, 'options', POOL_OPTIONS)
  return checkMaxPool2d({ ...fields, type: 'maxPool2d', size }, '')
}

/**
 * The sum of each window of an image over the size of the window, for each channel: as {@link maxPool2d}.
 *
 * @param size - height and width of a window, at least 1: a number for both, or `[height, width]`.
 * @throws {DropoutError} As {@link maxPool2d}.
 *
 * @example
 * averagePool2d(3, { stride: 2, padding: 'same' })
 */
export function averagePool2d(size: Pair, options: Pool2dOptions = {}): AveragePool2dLayer {
  const fields = checkFields<Pool2dOptions>(options, 'options', POOL_OPTIONS)
  return checkAveragePool2d({ ...fields, type: 'averagePool2d', size }, '')
}

/**
 * The mean of each channel over all positions (Lin, Chen & Yan 2014): rows `[..., channels]` become `[channels]`. Of
 * sequences `[time, channels]` only the steps within a row's length count; a row of length 0 gives zeros.
 *
 * @throws {DropoutError} `ERR_TYPE` or `ERR_OPTION` for an option that is not as described; `ERR_CONFIG`, when the model
 * is made, for rows of one axis.
 *
 * @example
 * sequential({ input: [32, 32, 3], output: 'softmax', layers: [conv2d(64, 3), globalAveragePool(), dense(10)] })
 */
export function globalAveragePool(options: GlobalAveragePoolOptions = {}): GlobalAveragePoolLayer {
  const fields = checkFields<GlobalAveragePoolOptions>(options, 'options', GLOBAL_OPTIONS)
  return checkGlobalAveragePool({ ...fields, type: 'globalAveragePool' }, '')
}

function checkPool(layer: object, at: string) {
  const fields = checkPart<MaxPool2dLayer>(layer, at, ['type', 'size', ...POOL_OPTIONS])
  return {
    size: checkPair(fields.size, `${at}size`),
    stride: optional(fields.stride, `${at}stride`, checkPair),
    padding: optional(fields.padding, `${at}padding`, checkPadding),
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
  }
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkMaxPool2d(layer: object, at: string): MaxPool2dLayer {
  return record<MaxPool2dLayer>({ type: 'maxPool2d', ...checkPool(layer, at) })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkAveragePool2d(layer: object, at: string): AveragePool2dLayer {
  return record<AveragePool2dLayer>({ type: 'averagePool2d', ...checkPool(layer, at) })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkGlobalAveragePool(layer: object, at: string): GlobalAveragePoolLayer {
  const fields = checkPart<GlobalAveragePoolLayer>(layer, at, ['type', ...GLOBAL_OPTIONS])
  return record<GlobalAveragePoolLayer>({
    type: 'globalAveragePool',
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
  })
}

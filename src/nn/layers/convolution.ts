import { checkInteger } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import type { DenseOptions } from './dense.js'
import { ACTIVATIONS, INITIALIZERS } from './names.js'
import {
  checkPadding,
  checkPadding1d,
  checkPair,
  IMAGE_LAYOUTS,
  type ImageLayout,
  MAX_EXTENT,
  type Padding,
  type Pair,
} from './window.js'

/** A convolution over images, with weights of shape `[filters, channels / groups, kernel height, kernel width]`. */
export interface Conv2dLayer extends Conv2dOptions {
  readonly type: 'conv2d'
  /** Channels of the output, at least 1 and divisible by `groups`. */
  readonly filters: number
  /** Taps along height and width, at least 1. */
  readonly kernelSize: Pair
}

/** The options of {@link conv2d}; its activation, bias and initializer are those of a dense layer. */
export interface Conv2dOptions extends DenseOptions {
  /**
   * Inputs from one output to the next, at least 1.
   *
   * @default 1
   */
  readonly stride?: Pair | undefined
  /**
   * Zeros around the input: `valid`, none; `same`, so many that there are `ceil(input / stride)` outputs; or a number.
   *
   * @default 'valid'
   */
  readonly padding?: Padding<Pair> | undefined
  /**
   * Inputs from one tap of the kernel to the next, at least 1.
   *
   * @default 1
   */
  readonly dilation?: Pair | undefined
  /**
   * Parts of the channels that are convolved by themselves, at least 1; as many as there are channels is a depthwise
   * convolution.
   *
   * @default 1
   */
  readonly groups?: number | undefined
  /**
   * Where the channels stand.
   *
   * @default 'NHWC'
   */
  readonly layout?: ImageLayout | undefined
}

/** A convolution over sequences, with weights of shape `[filters, channels / groups, kernel]`. */
export interface Conv1dLayer extends Conv1dOptions {
  readonly type: 'conv1d'
  /** Channels of the output, at least 1 and divisible by `groups`. */
  readonly filters: number
  /** Taps, at least 1. */
  readonly kernelSize: number
}

/** The options of {@link conv1d}; its activation, bias and initializer are those of a dense layer. */
export interface Conv1dOptions extends DenseOptions {
  /**
   * Steps from one output to the next, at least 1.
   *
   * @default 1
   */
  readonly stride?: number | undefined
  /**
   * Zeros before and after the steps: `valid`, none; `same`, so many that there are `ceil(time / stride)` outputs; or a
   * number.
   *
   * @default 'valid'
   */
  readonly padding?: Padding | undefined
  /**
   * Steps from one tap to the next, at least 1.
   *
   * @default 1
   */
  readonly dilation?: number | undefined
  /**
   * Parts of the channels that are convolved by themselves, at least 1.
   *
   * @default 1
   */
  readonly groups?: number | undefined
}

const CONV1D_OPTIONS = [
  'stride',
  'padding',
  'dilation',
  'groups',
  'activation',
  'bias',
  'initializer',
] as const
const CONV2D_OPTIONS = [...CONV1D_OPTIONS, 'layout'] as const

/**
 * A convolution over images: `y[p, o] = f(b[o] + sum of W[o, c, k] x[p stride + k dilation - padding, c])` over the taps
 * `k` of the kernel and the channels `c` (a cross-correlation, as everywhere in deep learning). Rows
 * `[height, width, channels]` become `[height', width', filters]` with
 * `height' = floor((height + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`.
 *
 * @param filters - the channels of the output, at least 1.
 * @param kernelSize - the taps along height and width, at least 1: a number for both, or `[height, width]`.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE`, `ERR_SHAPE` or `ERR_OPTION` for an argument that is not as described;
 * `ERR_CONFIG`, when the model is made, for rows that are no images, channels that `groups` does not divide and kernels
 * larger than the padded input. Cost: `2 x outputs x kernel x channels / groups` operations forward, twice that backward.
 *
 * @example
 * conv2d(32, 3, { activation: 'relu', padding: 'same' })
 */
export function conv2d(filters: number, kernelSize: Pair, options: Conv2dOptions = {}): Conv2dLayer {
  const fields = checkFields<Conv2dOptions>(options, 'options', CONV2D_OPTIONS)
  return checkConv2d({ ...fields, type: 'conv2d', filters, kernelSize }, '')
}

/**
 * A convolution over sequences, {@link conv2d} along one axis: rows `[time, channels]` become `[time', filters]`. Steps
 * past a row's length count as zeros; lengths stay those of the input, so where they matter later on, use
 * `padding: 'same'` and no stride.
 *
 * @param filters - the channels of the output, at least 1.
 * @param kernelSize - the taps, at least 1.
 * @throws {DropoutError} As {@link conv2d}.
 *
 * @example
 * conv1d(64, 5, { activation: 'relu', padding: 'same' })
 */
export function conv1d(filters: number, kernelSize: number, options: Conv1dOptions = {}): Conv1dLayer {
  const fields = checkFields<Conv1dOptions>(options, 'options', CONV1D_OPTIONS)
  return checkConv1d({ ...fields, type: 'conv1d', filters, kernelSize }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkConv2d(layer: object, at: string): Conv2dLayer {
  const fields = checkPart<Conv2dLayer>(layer, at, ['type', 'filters', 'kernelSize', ...CONV2D_OPTIONS])
  return record<Conv2dLayer>({
    type: 'conv2d',
    filters: checkInteger(fields.filters, `${at}filters`, 1, MAX_EXTENT),
    kernelSize: checkPair(fields.kernelSize, `${at}kernelSize`),
    stride: optional(fields.stride, `${at}stride`, checkPair),
    padding: optional(fields.padding, `${at}padding`, checkPadding),
    dilation: optional(fields.dilation, `${at}dilation`, checkPair),
    groups: optional(fields.groups, `${at}groups`, checkInteger, 1, MAX_EXTENT),
    activation: optional(fields.activation, `${at}activation`, checkWord, ACTIVATIONS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    initializer: optional(fields.initializer, `${at}initializer`, checkWord, INITIALIZERS),
    layout: optional(fields.layout, `${at}layout`, checkWord, IMAGE_LAYOUTS),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkConv1d(layer: object, at: string): Conv1dLayer {
  const fields = checkPart<Conv1dLayer>(layer, at, ['type', 'filters', 'kernelSize', ...CONV1D_OPTIONS])
  return record<Conv1dLayer>({
    type: 'conv1d',
    filters: checkInteger(fields.filters, `${at}filters`, 1, MAX_EXTENT),
    kernelSize: checkInteger(fields.kernelSize, `${at}kernelSize`, 1, MAX_EXTENT),
    stride: optional(fields.stride, `${at}stride`, checkInteger, 1, MAX_EXTENT),
    padding: optional(fields.padding, `${at}padding`, checkPadding1d),
    dilation: optional(fields.dilation, `${at}dilation`, checkInteger, 1, MAX_EXTENT),
    groups: optional(fields.groups, `${at}groups`, checkInteger, 1, MAX_EXTENT),
    activation: optional(fields.activation, `${at}activation`, checkWord, ACTIVATIONS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    initializer: optional(fields.initializer, `${at}initializer`, checkWord, INITIALIZERS),
  })
}

import { mismatch } from '../../errors.js'
import { checkWork, ROW_OPTIONS, type RowOptions } from '../../mask/apply.js'
import { type Address, checkAddress, MASK_OPTIONS, type MaskOptions } from '../../mask/recipe.js'
import { checkFloats, type Floats } from '../../validate/array.js'
import { checkList } from '../../validate/list.js'
import { checkOptions, checkWord } from '../../validate/options.js'

/** The elementwise activations, by name. */
export const ELEMENTWISE_ACTIVATIONS = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'geluTanh',
  'silu',
  'softplus',
  'tanh',
  'sigmoid',
] as const

/**
 * An elementwise activation: `leakyRelu` has slope 0.01 below zero, `elu` alpha 1, `gelu` is exact (by the error
 * function), `geluTanh` its approximation. `docs/kernels.md` has the errors of each.
 */
export type ElementwiseActivation = (typeof ELEMENTWISE_ACTIVATIONS)[number]

/** The mask of a fused kernel and the rows it belongs to. */
export interface FusedOptions extends Omit<MaskOptions, 'sample'>, RowOptions {
  /**
   * The shape: `[rows, ..., features]`, two sizes at least. A row has an id and a mask of its own, the one that
   * `dropout` with the same options draws; biases, norms and softmax go along the last axis.
   *
   * @example [batch, time, 512]
   */
  shape: ArrayLike<number>
}

/** The options of {@link biasActivationDropout} and its gradient. */
export interface BiasActivationDropoutOptions<T extends Floats = Floats> extends FusedOptions {
  /**
   * What is added to every vector: `features` numbers of the type of the input.
   *
   * @default nothing
   */
  bias?: T | undefined
  /** @default 'identity' */
  activation?: ElementwiseActivation | undefined
  /**
   * What goes past the dropout and is added to its output: as long as the input. Its gradient is `dy` itself in
   * {@link biasActivationDropoutBackward}, which accepts it and does not read it.
   *
   * @default nothing
   */
  residual?: T | undefined
  /**
   * Where the result goes: an array of the type and length of the input, or one of the inputs of that length to work
   * in place, or any memory that overlaps none of them.
   *
   * @default a new array
   */
  out?: T | undefined
}

const FUSED_OPTIONS = [...MASK_OPTIONS.filter((name) => name !== 'sample'), ...ROW_OPTIONS] as const

/** The names of {@link BiasActivationDropoutOptions}. */
const ACTIVATION_OPTIONS = [...FUSED_OPTIONS, 'bias', 'activation', 'residual', 'out'] as const

/** The names of a call's options: those of all fused kernels, and its own. */
export function fusedNames(...own: string[]): ReadonlySet<string> {
  return new Set([...FUSED_OPTIONS, 'out', ...own])
}

/** The names of the options of a call with bias, activation and dropout, and its own. */
export function activationNames(...own: string[]): ReadonlySet<string> {
  return new Set([...ACTIVATION_OPTIONS, ...own])
}

/** What all fused kernels are told, checked, in the order the native addon takes it. */
export interface FusedWork<T extends Floats> {
  readonly x: T
  /** Elements of a vector. */
  readonly features: number
  /** Vectors in all. */
  readonly vectors: number
  /** The end of the native argument list: scaling, training, rate, seed, place, step, ids, features. */
  readonly dropout: readonly [
    standard: boolean,
    training: boolean,
    rate: number,
    seed: bigint,
    place: number,
    step: number,
    ids: Uint32Array,
    features: number,
  ]
}

/** Checks what all fused kernels take; `argument` is the caller's name of `x`. */
export function checkFused<T extends Floats>(
  x: T,
  options: FusedOptions,
  known: ReadonlySet<string>,
  argument: string,
): FusedWork<T> {
  checkOptions(options, known)
  const { rate, seed, place, step }: Address = checkAddress(options)
  checkAxes(options.shape)
  const { rows, standard, training } = checkWork(x, options, argument)
  const features = options.shape[options.shape.length - 1] as number
  const ids = rows?.ids ?? new Uint32Array(0)
  const dropout = [standard, training, rate, seed, place, step, ids, features] as const
  return { x, features, vectors: x.length === 0 ? 0 : x.length / features, dropout }
}

function checkAxes(shape: unknown): void {
  const allowed =
    'an array of two sizes at least, [rows, ..., features], whose product is the number of elements'
  const sizes = checkList<unknown>(shape, 'shape', allowed)
  if (sizes.length < 2) throw mismatch('ERR_SHAPE', 'shape', `${sizes.length} sizes`, allowed)
}

/** An activation's name. */
export function checkActivation(value: unknown): ElementwiseActivation {
  return checkWord(value, 'activation', ELEMENTWISE_ACTIVATIONS, 'identity')
}

/** An array of the type of `x` with so many elements: `why` says of what. */
export function checkLike<T extends Floats>(
  value: unknown,
  argument: string,
  x: T,
  length: number,
  why: string,
): T {
  const floats = checkFloats<T>(value, argument)
  if (floats.BYTES_PER_ELEMENT !== x.BYTES_PER_ELEMENT) {
    const [got, allowed] = [className(floats), `a ${className(x)} as the input is`]
    throw mismatch('ERR_TYPE', argument, got, allowed)
  }
  if (floats.length === length) return floats
  throw mismatch('ERR_SHAPE', argument, `${floats.length} elements`, `${length} elements, ${why}`)
}

/** A vector with one element for each feature. */
export function checkVector<T extends Floats>(
  value: unknown,
  argument: string,
  { x, features }: FusedWork<T>,
): T {
  return checkLike(value, argument, x, features, 'one for each feature')
}

/** An array of the shape of the input. */
export function checkSame<T extends Floats>(value: unknown, argument: string, { x }: FusedWork<T>): T {
  return checkLike(value, argument, x, x.length, 'as many as the input has')
}

/** A new array of the type of `x`, of zeros. */
export function zerosLike<T extends Floats>(x: T, length: number): T {
  return (x.BYTES_PER_ELEMENT === 4 ? new Float32Array(length) : new Float64Array(length)) as T
}

function className(floats: Floats): string {
  return floats.BYTES_PER_ELEMENT === 4 ? 'Float32Array' : 'Float64Array'
}

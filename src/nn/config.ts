import { argumentError } from '../errors.js'
import { checkList, isList } from '../validate/list.js'
import { checkInteger } from '../validate/number.js'
import { checkWord } from '../validate/options.js'
import { type Seed, seedOrDrawn } from '../validate/seed.js'
import { checkFields } from './check.js'
import { checkLayer, type Layer } from './layers/index.js'

/** What a model's output may mean, by name. */
export const OUTPUTS = ['softmax', 'sigmoid', 'identity', 'gaussian'] as const

/**
 * What a model's output means; losses work on what comes before it (the logits).
 *
 * | output | the model predicts | loss |
 * |---|---|---|
 * | `softmax` | probabilities of classes that exclude each other | `crossEntropy` |
 * | `sigmoid` | one independent probability for each unit | `binaryCrossEntropy` |
 * | `identity` | real values | `meanSquaredError` |
 * | `gaussian` | `d` means, then `d` log variances, from `2d` units | `gaussianNegativeLogLikelihood` |
 */
export type Output = (typeof OUTPUTS)[number]

/** The shape of one row, or the shapes of several named inputs. */
export type InputConfig = readonly number[] | { readonly [name: string]: readonly number[] }

/** What `sequential` makes a model from. */
export interface SequentialOptions {
  /**
   * The shape of one row, without the batch axis: `[30]` for 30 features. With several inputs their shapes by name:
   * layers then get a row of all of them side by side in the order of their names, of which {@link select} takes one.
   */
  readonly input: InputConfig
  /**
   * What the model's output means. The last layer gives rows of one axis, or of two, `[steps, outputs]`: then there is an
   * output, and a target, at each step.
   */
  readonly output: Output
  /** The layers, first to last. The last one gives the logits: leave softmax and sigmoid to `output`. */
  readonly layers: readonly Layer[]
  /**
   * The seed of initial weights, masks and shuffles, in `[0, 2^64)`: a bigint, a safe integer or a decimal string.
   *
   * @default drawn from the operating system; read it from `model.config.seed`
   */
  readonly seed?: Seed | undefined
  /**
   * The version of the configuration's format.
   *
   * @default 1
   */
  readonly version?: 1 | undefined
}

/**
 * A model as a plain, frozen value: `sequential(JSON.parse(JSON.stringify(model.config)))` makes a model with the
 * same initial weights.
 */
export interface ModelConfig extends SequentialOptions {
  readonly version: 1
  /** A decimal string, since a JSON number cannot hold 64 bits. */
  readonly seed: string
}

/** The largest extent of an axis. */
const MAX_EXTENT = 2 ** 31

/**
 * Checks what was passed to `sequential`. Whether the layers fit each other is for the core to say.
 */
export function checkConfig(options: unknown): ModelConfig {
  const fields = checkFields<SequentialOptions>(options, 'options', [
    'input',
    'output',
    'layers',
    'seed',
    'version',
  ])
  const { version = 1 } = fields
  if (version !== 1)
    throw argumentError('ERR_VERSION', 'version', version, '1, the format this library reads')
  const layers = checkList(fields.layers, 'layers', 'an array of layers, for instance [dense(64), dense(2)]')
  return {
    version,
    input: checkInput(fields.input),
    output: checkWord(fields.output, 'output', OUTPUTS),
    seed: String(seedOrDrawn(fields.seed)),
    layers: Array.from(layers, (layer, index) => checkLayer(layer, `layers[${index}]`)),
  }
}

function checkInput(input: unknown): InputConfig {
  if (isList(input) || typeof input !== 'object' || input === null) return checkShape(input, 'input')
  const names = Object.keys(input).sort()
  if (names.length === 0)
    throw argumentError('ERR_CONFIG', 'input', input, 'a shape, or at least one named input')
  const shape = (name: string) => checkShape((input as Record<string, unknown>)[name], `input.${name}`)
  return Object.fromEntries(names.map((name) => [name, shape(name)]))
}

function checkShape(value: unknown, argument: string): readonly number[] {
  const shape = checkList<unknown>(value, argument, 'the shape of one row, for instance [30]')
  return Array.from(shape, (extent, axis) => checkInteger(extent, `${argument}[${axis}]`, 1, MAX_EXTENT))
}

/** A plain value and everything in it, frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}

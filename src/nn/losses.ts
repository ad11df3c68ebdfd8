import { argumentError } from '../errors.js'
import { checkList } from '../validate/list.js'
import { checkNumber } from '../validate/number.js'
import { checkWord, optional } from '../validate/options.js'
import { checkFields, record } from './check.js'
import type { Output } from './config.js'

/** The losses by name. */
export const LOSSES = [
  'crossEntropy',
  'binaryCrossEntropy',
  'meanSquaredError',
  'gaussianNegativeLogLikelihood',
] as const

/** The name of a loss. Each fits one output of a model: see {@link Output}. */
export type LossName = (typeof LOSSES)[number]

/** `-ln p` of the true class. */
export interface CrossEntropy {
  readonly type: 'crossEntropy'
  /**
   * A weight for each class, at least 0. The mean divides by the sum of the weights of the rows' classes.
   *
   * @default 1 for every class
   */
  readonly classWeights?: readonly number[] | undefined
  /**
   * The part of the target that is spread evenly over all classes, in `[0, 1]` (Szegedy et al. 2016).
   *
   * @default 0
   */
  readonly labelSmoothing?: number | undefined
}

/** `-t ln p - (1 - t) ln(1 - p)`, the mean over all outputs of all rows. */
export interface BinaryCrossEntropy {
  readonly type: 'binaryCrossEntropy'
}

/** `(z - t)^2`, the mean over all outputs of all rows. */
export interface MeanSquaredError {
  readonly type: 'meanSquaredError'
}

/** `1/2 (ln 2 pi + s + (t - m)^2 / e^s)` for means `m` and log variances `s`, the mean over all means of all rows. */
export interface GaussianNegativeLogLikelihood {
  readonly type: 'gaussianNegativeLogLikelihood'
}

/** A loss with its options, as a plain value. A name alone stands for the loss without options. */
export type Loss = CrossEntropy | BinaryCrossEntropy | MeanSquaredError | GaussianNegativeLogLikelihood

/** The output that each loss goes with. */
const OUTPUT_OF: { readonly [Name in LossName]: Output } = {
  crossEntropy: 'softmax',
  binaryCrossEntropy: 'sigmoid',
  meanSquaredError: 'identity',
  gaussianNegativeLogLikelihood: 'gaussian',
}

/** The loss that is the likelihood of each output: its default. */
const LOSS_OF: { readonly [Name in Output]: LossName } = {
  softmax: 'crossEntropy',
  sigmoid: 'binaryCrossEntropy',
  identity: 'meanSquaredError',
  gaussian: 'gaussianNegativeLogLikelihood',
}

const WEIGHT = { least: 0 }

/** Checks a loss for a model with the given output; the output's own where none is given. */
export function checkLoss(value: unknown, output: Output): Loss {
  const loss = parse(value === undefined ? LOSS_OF[output] : value)
  const fitting = OUTPUT_OF[loss.type]
  if (fitting === output) return loss
  const allowed = `'${LOSS_OF[output]}' for a model with output '${output}', or the model's output '${fitting}'`
  throw argumentError('ERR_CONFIG', 'loss', loss.type, allowed)
}

function parse(value: unknown): Loss {
  if (typeof value !== 'object' || value === null) return { type: checkWord(value, 'loss', LOSSES) }
  const type = checkWord((value as { type?: unknown }).type, 'loss.type', LOSSES)
  if (type !== 'crossEntropy') {
    checkFields<Loss>(value, 'loss', ['type'])
    return { type }
  }
  const fields = checkFields<CrossEntropy>(value, 'loss', ['type', 'classWeights', 'labelSmoothing'])
  return record<CrossEntropy>({
    type,
    classWeights: optional(fields.classWeights, 'loss.classWeights', checkWeights),
    labelSmoothing: optional(fields.labelSmoothing, 'loss.labelSmoothing', checkNumber, {
      least: 0,
      most: 1,
    }),
  })
}

/** A weight for each class. */
export function checkWeights(value: unknown, argument: string): number[] {
  const weights = checkList<unknown>(value, argument, 'an array with a weight for each class')
  return Array.from(weights, (weight, index) => checkNumber(weight, `${argument}[${index}]`, WEIGHT))
}

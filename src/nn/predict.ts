import { checkFields, checkFlag, optional } from './check.js'
import { checkInputs, type InputShape, type Matrix } from './inputs.js'

/** The options of `model.predict` and `model.predictSync`. */
export interface PredictOptions {
  /** The shape of `x`, rows first; only checked. */
  readonly shape?: readonly number[] | undefined
  /**
   * Whether to return what comes before the output function instead.
   *
   * @default false
   */
  readonly logits?: boolean | undefined
}

/** A checked call of `predict`. */
export interface PredictRequest {
  readonly x: Matrix
  readonly logits: boolean
}

/** Checks the arguments of `predict` for a model. */
export function checkPredict(x: unknown, options: unknown, model: InputShape): PredictRequest {
  const { shape, logits } = checkFields<PredictOptions>(options, 'options', ['shape', 'logits'])
  return { x: checkInputs(x, shape, 'x', model), logits: optional(logits, 'logits', checkFlag) ?? false }
}

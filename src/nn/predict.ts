import { checkBoolean, optional } from '../validate/options.js'
import { checkFields } from './check.js'
import { checkLengths } from './data.js'
import { checkInputs, type InputShape, type Matrix } from './inputs.js'
import { checkThreads } from './running.js'

/** The options of `model.predict` and `model.predictSync`. */
export interface PredictOptions {
  /** The shape of `x`, rows first; only checked. */
  readonly shape?: ArrayLike<number> | undefined
  /**
   * Whether to return what comes before the output function instead.
   *
   * @default false
   */
  readonly logits?: boolean | undefined
  /**
   * How many steps of each row are data, from 1; the rest is padding.
   *
   * @default all
   */
  readonly lengths?: ArrayLike<number> | undefined
  /**
   * Threads to compute with, in `[1, 1024]`. Results do not depend on it.
   *
   * @default INVERTED_DROPOUT_THREADS, else what the machine offers
   */
  readonly threads?: number | undefined
}

/** A checked call of `predict`. */
export interface PredictRequest {
  readonly x: Matrix
  readonly logits: boolean
  readonly threads: number | undefined
  readonly lengths: Uint32Array | undefined
}

/** Checks the arguments of `predict` for a model. */
export function checkPredict(x: unknown, options: unknown, model: InputShape): PredictRequest {
  const fields = checkFields<PredictOptions>(options, 'options', ['shape', 'logits', 'lengths', 'threads'])
  const matrix = checkInputs(x, fields.shape, 'x', model)
  return {
    x: matrix,
    lengths: optional(fields.lengths, 'lengths', checkLengths, matrix.rows),
    logits: checkBoolean(fields.logits, 'logits', false),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
}

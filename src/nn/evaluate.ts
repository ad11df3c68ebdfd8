import type { NativeData } from '../native/binding.js'
import { optional } from '../validate/options.js'
import { checkFields } from './check.js'
import { checkDataset, type DataShape } from './data.js'
import { checkLoss, type Loss, type LossName } from './losses.js'
import { checkMetrics, type Metric, type Metrics } from './metrics.js'
import { checkThreads } from './running.js'

/** The options of `model.evaluate`. */
export interface EvaluateOptions {
  /**
   * The loss; must fit the model's output.
   *
   * @default the loss of the model's output, see {@link Output}
   */
  readonly loss?: LossName | Loss | undefined
  /**
   * What is measured beside the loss.
   *
   * @default the usual metric of the model's output
   */
  readonly metrics?: readonly Metric[] | undefined
  /**
   * Threads to compute with, in `[1, 1024]`. Results do not depend on it.
   *
   * @default INVERTED_DROPOUT_THREADS, else what the machine offers
   */
  readonly threads?: number | undefined
}

/** How well a model does on some data, with dropout off. */
export interface Evaluation {
  /** The mean loss of the rows by their weights. NaN or infinite where predictions overflow. */
  readonly loss: number
  /** The metrics that were asked for, by name. */
  readonly metrics: Metrics
}

/** A checked call of `evaluate`. */
export interface EvaluateRequest {
  readonly data: NativeData
  /** The options of the core, as JSON. */
  readonly options: string
}

/** Checks the arguments of `evaluate` for a model. */
export function checkEvaluate(data: unknown, options: unknown, model: DataShape): EvaluateRequest {
  const fields = checkFields<EvaluateOptions>(options, 'options', ['loss', 'metrics', 'threads'])
  const core = {
    loss: checkLoss(fields.loss, model.output),
    metrics: optional(fields.metrics, 'metrics', checkMetrics),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
  return { data: checkDataset(data, 'data', model), options: JSON.stringify(core) }
}

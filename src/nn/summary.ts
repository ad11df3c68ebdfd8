import { checkInteger } from '../validate/number.js'
import { optional } from '../validate/options.js'
import { checkFields } from './check.js'
import type { InputConfig, Output } from './config.js'
import type { Activation, Layer } from './layers/index.js'
import { DEFAULT_BATCH_SIZE, MAX_COUNT } from './running.js'

/** The options of `model.summary`. */
export interface SummaryOptions {
  /**
   * Rows of the training step that `stepBytes` is about, at least 1.
   *
   * @default 32
   */
  readonly batchSize?: number | undefined
  /**
   * Parts that the step is worked off in, in `[1, batchSize]`: see the option of the same name of `fit`.
   *
   * @default 1
   */
  readonly accumulate?: number | undefined
}

/** A layer at a glance. */
export interface LayerSummary {
  /** The place in the configuration: its position, after those of the blocks it lies in (`3`, `3.0.1`). */
  readonly path: string
  readonly type: Layer['type']
  /** The shape of a row after the layer. */
  readonly outputShape: readonly number[]
  /** Trained parameters. */
  readonly parameters: number
  /** The activation, where there is one. */
  readonly activation?: Activation
  /** The drop rate, where something drops. */
  readonly rate?: number
  /** The place of the mask in the stream. */
  readonly site?: number
}

/** A model at a glance; `String(summary)` is a table with a line for each layer. */
export interface Summary {
  /** The shape of an input row, or of each named input. */
  readonly input: InputConfig
  /** What the model's output means. */
  readonly output: Output
  /** The layers, first to last. */
  readonly layers: readonly LayerSummary[]
  /** Trained parameters in all. */
  readonly parameters: number
  /** Bytes of the trained parameters. */
  readonly parameterBytes: number
  /** Rows of the training step that `stepBytes` is about. */
  readonly batchSize: number
  /** Parts that the step is worked off in. */
  readonly accumulate: number
  /**
   * Bytes that a training step writes beside the parameters: activations, what the backward pass needs, gradients.
   * The optimiser's state and moving averages come on top, and what matrix products pack into: some hundred kilobytes
   * while they run, and for each thread once a buffer as large as the second-level cache.
   */
  readonly stepBytes: number
  toString(): string
}

/** Checks the options of `summary`: the rows of a step and its parts. */
export function checkSummary(options: unknown): { readonly batchSize: number; readonly accumulate: number } {
  const fields = checkFields<SummaryOptions>(options, 'options', ['batchSize', 'accumulate'])
  const batchSize = optional(fields.batchSize, 'batchSize', checkInteger, 1, MAX_COUNT) ?? DEFAULT_BATCH_SIZE
  return {
    batchSize,
    accumulate: optional(fields.accumulate, 'accumulate', checkInteger, 1, batchSize) ?? 1,
  }
}

/** The core's summary, which carries its `table`. */
export function toSummary(json: string): Summary {
  const { table, ...summary } = JSON.parse(json)
  return Object.defineProperty(summary, 'toString', { value: () => table })
}

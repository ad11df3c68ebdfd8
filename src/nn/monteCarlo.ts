import { checkInteger, checkNumber } from '../validate/number.js'
import { checkBoolean, checkWord, optional } from '../validate/options.js'
import { checkIds } from '../validate/rows.js'
import { checkSeed, type Seed } from '../validate/seed.js'
import { checkSignal } from '../validate/signal.js'
import { checkFields, checkFunction } from './check.js'
import { checkLengths } from './data.js'
import { checkInputs, type InputShape, type Matrix } from './inputs.js'
import { checkThreads, MAX_COUNT } from './running.js'

/** The options of `model.predictMonteCarlo`. */
export interface MonteCarloOptions {
  /** Passes of each row, at least 2. The standard error falls with their root, the time grows with them. */
  readonly passes: number
  /** The shape of `x`, rows first; only checked. */
  readonly shape?: ArrayLike<number> | undefined
  /**
   * The seed of the masks, in `[0, 2^64)`.
   *
   * @default the model's
   */
  readonly seed?: Seed | undefined
  /**
   * The identity of each row, in `[0, 2^32)`, which keys its masks: a row's passes use the same masks in any
   * company.
   *
   * @default the row's index
   */
  readonly ids?: ArrayLike<number> | undefined
  /**
   * Who has masks of its own: every row, or every pass, whose rows then share them. With `perPass` the predictions of
   * different rows within a pass are those of one network, and passes may run faster.
   *
   * @default 'perRow'
   */
  readonly masks?: 'perRow' | 'perPass' | undefined
  /**
   * How many steps of each row are data, from 1; the rest is padding.
   *
   * @default all
   */
  readonly lengths?: ArrayLike<number> | undefined
  /**
   * Whether the prediction of every pass is returned, `passes x rows x width` numbers.
   *
   * @default false
   */
  readonly samples?: boolean | undefined
  /**
   * The precision (1 / variance) of the noise of an `identity` output, above 0; gives `aleatoric`.
   *
   * @default unknown
   */
  readonly precision?: number | undefined
  /**
   * Threads to compute with, in `[1, 1024]`. Results do not depend on it.
   *
   * @default INVERTED_DROPOUT_THREADS, else what the machine offers
   */
  readonly threads?: number | undefined
  /** Stops the passes; the promise then rejects with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the part that is done, in `(0, 1]`. */
  readonly onProgress?: ((done: number) => void) | undefined
}

/**
 * What the passes say. Arrays are row-major; `width` numbers a row unless it is said otherwise. Entropies are in
 * nats: one a row for a `softmax` output, `width` a row for `sigmoid`, whose units are separate questions.
 */
export interface MonteCarloPrediction {
  /** Rows predicted; with an output at each step, rows times steps: each step is then a row of what follows. */
  readonly rows: number
  /** Predicted numbers a row: the model's outputs, or the means of a `gaussian` output. */
  readonly width: number
  /** Passes of each row. */
  readonly passes: number
  /** The mean over the passes: probabilities for `softmax` and `sigmoid`. */
  readonly mean: Float64Array
  /** The unbiased variance over the passes. */
  readonly variance: Float64Array
  /** The standard error of `mean`: the root of variance / passes. */
  readonly standardError: Float64Array
  /** The entropy of the mean prediction: the whole uncertainty. Absent for regressions. */
  readonly predictiveEntropy?: Float64Array
  /** The mean entropy of the passes' predictions: what is uncertain whatever the weights. Absent for regressions. */
  readonly expectedEntropy?: Float64Array
  /**
   * `predictiveEntropy - expectedEntropy`: what the passes disagree about (BALD, Houlsby et al. 2011). Biased
   * upwards by a finite number of passes. Absent for regressions.
   */
  readonly mutualInformation?: Float64Array
  /** The variance that more data could remove: `variance`. Regressions only. */
  readonly epistemic?: Float64Array
  /**
   * The variance of the noise: the mean predicted variance of a `gaussian` output, 1 / precision where that was
   * given for an `identity` output. Absent where it is not known.
   */
  readonly aleatoric?: Float64Array
  /** The prediction of every pass, `passes x rows x width`, if `samples` asked for them. */
  readonly samples?: Float32Array
}

/** A checked call of `predictMonteCarlo`. */
export interface MonteCarloRequest extends Pick<MonteCarloOptions, 'signal' | 'onProgress'> {
  readonly x: Matrix
  readonly ids: Uint32Array | undefined
  readonly lengths: Uint32Array | undefined
  /** What is left of the options, as JSON. */
  readonly options: string
}

const OPTIONS = [
  'passes',
  'shape',
  'seed',
  'ids',
  'masks',
  'lengths',
  'samples',
  'precision',
  'threads',
  'signal',
  'onProgress',
] as const

const MASKS = ['perRow', 'perPass'] as const

/** Checks the arguments of `predictMonteCarlo` for a model. */
export function checkMonteCarlo(x: unknown, options: unknown, model: InputShape): MonteCarloRequest {
  const fields = checkFields<MonteCarloOptions>(options, 'options', OPTIONS)
  const matrix = checkInputs(x, fields.shape, 'x', model)
  const core = {
    passes: checkInteger(fields.passes, 'passes', 2, MAX_COUNT),
    seed: optional(fields.seed, 'seed', checkSeed)?.toString(),
    share: checkWord(fields.masks, 'masks', MASKS, 'perRow') === 'perPass' ? 'batch' : 'none',
    keepSamples: checkBoolean(fields.samples, 'samples', false),
    precision: optional(fields.precision, 'precision', checkNumber, { least: 0, above: true }),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
  const { signal, onProgress } = fields as MonteCarloOptions
  return {
    x: matrix,
    ids: optional(fields.ids, 'ids', checkIds, matrix.rows),
    lengths: optional(fields.lengths, 'lengths', checkLengths, matrix.rows),
    options: JSON.stringify(core),
    ...(signal !== undefined && { signal: checkSignal(signal) }),
    ...(onProgress !== undefined && { onProgress: checkFunction(onProgress, 'onProgress') }),
  }
}

import { argumentError, DropoutError } from '../errors.js'
import type { NativeData } from '../native/binding.js'
import { checkInteger, checkNumber, checkRate } from '../validate/number.js'
import { checkBoolean, checkWord, optional } from '../validate/options.js'
import { checkSignal } from '../validate/signal.js'
import { type BatchSource, checkData, checkReading, isSource, type Reading } from './batches.js'
import { checkFields, checkFunction, checkPath } from './check.js'
import type { DataShape, Dataset } from './data.js'
import type { BatchEvent, EpochEvent } from './history.js'
import { checkLoss, checkWeights, type Loss, type LossName } from './losses.js'
import { checkMetrics, METRICS, type Metric } from './metrics.js'
import { adam, checkOptimizer, type Optimizer } from './optimizers.js'
import { checkReporter, type Reporter } from './reporter.js'
import { checkThreads, DEFAULT_BATCH_SIZE, MAX_COUNT } from './running.js'

/** The answer of `onEpoch` that means something. */
export interface EpochAnswer {
  /** Ends the training, as after its last epoch. */
  readonly stop?: boolean | undefined
  /**
   * New rates, in `[0, 1]`, from the next step on: of layers that drop, by their places as `summary` shows them (`2`, or
   * `'2.0'` within a block). They are saved with checkpoints, so that a resumed run has them too.
   */
  readonly rates?: Rates | undefined
}

/** Rates of layers by their places in the configuration. */
export interface Rates {
  readonly [path: string]: number
}

/** A figure that early stopping can watch. */
export type Monitor = 'loss' | 'validationLoss' | Metric | `validation${Capitalize<Metric>}`

/** Stops when a figure no longer gets better. */
export interface EarlyStopping {
  /**
   * The figure.
   *
   * @default 'validationLoss'
   */
  readonly monitor?: Monitor | undefined
  /**
   * Epochs without improvement until training stops, at least 1.
   *
   * @default 10
   */
  readonly patience?: number | undefined
  /**
   * By how much the figure must get better to count as improved, at least 0.
   *
   * @default 0
   */
  readonly minDelta?: number | undefined
  /**
   * Whether the model ends with the weights and running statistics of the best epoch, also where the last epoch was
   * reached.
   *
   * @default true
   */
  readonly restoreBest?: boolean | undefined
}

/** Where and how often the state of a run is saved: after every epoch, when it is aborted, and as asked for here. */
export interface Checkpoint {
  /** The file, replaced as a whole each time. */
  readonly path: string | URL
  /**
   * Also after every so many optimiser steps, at least 1.
   *
   * @default only after every epoch
   */
  readonly everySteps?: number | undefined
  /**
   * How many of the last checkpoints also stay as files of their own, at least 1: `<path>.000120` is that after 120
   * steps of the run. Older ones are removed once a new one is safely on the disk, and only if this run has written
   * them. A resumed run goes on with those of its checkpoint, and may resume from any of them. Whenever the process
   * ends, `path` is a complete checkpoint.
   *
   * @default none stay
   */
  readonly keep?: number | undefined
}

/** A moving average of the weights. */
export interface Ema {
  /**
   * How much of the average stays at a step, in `[0, 1)`: about the last `1 / (1 - decay)` steps count.
   *
   * @default 0.999
   */
  readonly decay?: number | undefined
}

/** What rows of each class count in training: a weight for each class, at least 0, or weights that make up for rarity. */
export type ClassWeights = 'balanced' | readonly number[]

/** The options of `model.fit`. */
export interface FitOptions {
  /** How often all rows are seen, at least 1. */
  readonly epochs: number
  /**
   * Batches of an epoch, at least 1, where they come from a source: what more it has is left, and one that has fewer fails
   * with `ERR_RANGE`. Learning rates that change need it.
   *
   * @default as many as the source has
   */
  readonly batchesPerEpoch?: number | undefined
  /**
   * Batches that are read from a source while the model learns those before, in `[0, 1024]`; they are kept in memory.
   *
   * @default 2
   */
  readonly prefetch?: number | undefined
  /**
   * What is minimised; must fit the model's output.
   *
   * @default the loss of the model's output, see {@link Output}
   */
  readonly loss?: LossName | Loss | undefined
  /**
   * The rule of the steps.
   *
   * @default adam()
   */
  readonly optimizer?: Optimizer | undefined
  /**
   * Rows in a step, at least 1; the last batch of an epoch may be smaller. Not where a source makes the batches.
   *
   * @default 32
   */
  readonly batchSize?: number | undefined
  /**
   * Parts that a batch is worked off in, in `[1, batchSize]`, or as many as you like for a source; each of a batch's rows / `accumulate`, rounded up: a
   * step then takes the memory of a part (see `summary`). Its masks, gradient, clipping and loss are those of the
   * undivided batch, up to rounding. Only `batchNorm` sees the parts: it takes its moments from each of them, and its
   * running moments take in each of them.
   *
   * @default 1
   */
  readonly accumulate?: number | undefined
  /**
   * A new order of the rows in every epoch, from the model's seed. Not where a source gives them in its own.
   *
   * @default true
   */
  readonly shuffle?: boolean | undefined
  /** Data to judge the model by after every epoch, or a source of it, which is read anew each time; never learnt from. */
  readonly validation?: Dataset | BatchSource | undefined
  /** The part of the training rows, in `(0, 1)`, that is held out for validation; not with `validation` or a source. */
  readonly validationSplit?: number | undefined
  /**
   * Gradients whose Euclidean norm over all parameters is larger are scaled down to it; above 0.
   *
   * @default not clipped
   */
  readonly clipNorm?: number | undefined
  /**
   * What the weight of a training row (or of a step of a row) is multiplied by, according to its class, for the losses
   * `crossEntropy` and, with one output, `binaryCrossEntropy`. A row of probabilities has the mean of the weights under
   * them. The loss divides by the sum of the weights. Validation and metrics count every class the same.
   *
   * `'balanced'` is `n / (classes * n_c)` for the `n_c` of `n` training rows that are of class c, each counted once
   * whatever its weight: all classes count the same in all (`compute_class_weight` of scikit-learn). A class without
   * rows has weight 0.
   *
   * @default every class the same
   */
  readonly classWeights?: ClassWeights | undefined
  /**
   * A moving average of the weights, which smooths the noise of the last steps. Validation, early stopping, a checkpoint
   * loaded as a model and the model after the run (also one that was aborted) have the average; steps go on with the
   * weights themselves, so the training loss is theirs.
   *
   * After step t it is `a + c (w - a)` with `c = (1 - decay) / (1 - decay^t)`: the mean of the weights after all steps of
   * the run, those k steps ago weighted by `decay^k` (`tf.train.ExponentialMovingAverage`, with the correction of its
   * start that Adam has, so the initial weights have no part in it; Polyak & Juditsky 1992 for averages of all steps).
   * Running moments of `batchNorm` are moving averages by themselves and stay what they are. Costs the memory of
   * the parameters twice.
   *
   * @default the weights as they are
   */
  readonly ema?: Ema | undefined
  /**
   * What is measured beside the loss.
   *
   * @default the usual metric of the model's output
   */
  readonly metrics?: readonly Metric[] | undefined
  /** When to stop before the last epoch. */
  readonly earlyStopping?: EarlyStopping | undefined
  /** Where and how often the state of the run is saved. */
  readonly checkpoint?: Checkpoint | undefined
  /**
   * A checkpoint to go on from: the run ends as if it had never stopped, bit for bit. Model, data and options must
   * be those of the interrupted run; `epochs`, `checkpoint` and `threads` may differ. Data in memory are compared; of a
   * source it is the first batch, where the interrupted run had read that already.
   */
  readonly resume?: string | URL | undefined
  /**
   * Threads to compute with, in `[1, 1024]`. Results do not depend on it.
   *
   * @default INVERTED_DROPOUT_THREADS, else what the machine offers
   */
  readonly threads?: number | undefined
  /** Stops the training at its next batch; `fit` then rejects with an `AbortError` and the model keeps what it learnt. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called after every epoch. Training waits for the answer, a promise too: `{ stop: true }` ends it, as after its last
   * epoch, `{ rates: { 2: 0.1 } }` changes rates, and what says neither is ignored. An error it throws ends the training and rejects it.
   */
  readonly onEpoch?:
    | ((event: EpochEvent) => EpochAnswer | Promise<EpochAnswer>)
    // A callback may answer anything where nothing is expected.
    | ((event: EpochEvent) => void)
    | undefined
  /** Called now and then with the latest batch; training does not wait for it. An error it throws ends the training. */
  readonly onBatch?: ((event: BatchEvent) => void) | undefined
  /** Who shows how the training goes, for instance {@link terminalReporter}. It cannot disturb the training. */
  readonly reporter?: Reporter | undefined
}

/** A checked call of `fit`. */
export interface FitRequest extends Pick<FitOptions, 'signal' | 'onEpoch' | 'onBatch' | 'reporter'> {
  readonly epochs: number
  /** The options of the core, as JSON. */
  readonly options: string
  readonly train: NativeData | BatchSource
  readonly validation: NativeData | BatchSource | undefined
  /** How to read a source. */
  readonly reading: Reading
}

const OPTIONS = [
  'epochs',
  'batchesPerEpoch',
  'prefetch',
  'loss',
  'optimizer',
  'batchSize',
  'accumulate',
  'shuffle',
  'validation',
  'validationSplit',
  'clipNorm',
  'classWeights',
  'ema',
  'metrics',
  'earlyStopping',
  'checkpoint',
  'resume',
  'threads',
  'signal',
  'onEpoch',
  'onBatch',
  'reporter',
] as const

const MONITORS: readonly Monitor[] = [
  'loss',
  'validationLoss',
  ...METRICS,
  ...METRICS.map((name) => `validation${name[0]?.toUpperCase()}${name.slice(1)}` as Monitor),
]

const POSITIVE = { least: 0, above: true }

/** Checks the arguments of `fit` for a model. */
export function checkFit(train: unknown, options: unknown, model: DataShape): FitRequest {
  const fields = checkFields<FitOptions>(options, 'options', OPTIONS)
  if (fields.validation !== undefined && fields.validationSplit !== undefined) {
    throw new DropoutError('ERR_OPTION', '`validation` and `validationSplit` exclude each other; got both')
  }
  const { learningRate, ...optimizer } = optional(fields.optimizer, 'optimizer', checkOptimizer) ?? adam()
  const batchSize = optional(fields.batchSize, 'batchSize', checkInteger, 1, MAX_COUNT)
  const mostParts = isSource(train) ? MAX_COUNT : (batchSize ?? DEFAULT_BATCH_SIZE)
  const core = {
    loss: checkLoss(fields.loss, model.output),
    optimizer,
    learningRate,
    epochs: checkInteger(fields.epochs, 'epochs', 1, MAX_COUNT),
    batchesPerEpoch: optional(fields.batchesPerEpoch, 'batchesPerEpoch', checkInteger, 1, MAX_COUNT),
    batchSize,
    accumulate: optional(fields.accumulate, 'accumulate', checkInteger, 1, mostParts),
    shuffle: optional(fields.shuffle, 'shuffle', checkBoolean),
    validationSplit: optional(fields.validationSplit, 'validationSplit', checkNumber, FRACTION),
    clipNorm: optional(fields.clipNorm, 'clipNorm', checkNumber, POSITIVE),
    classWeights: optional(fields.classWeights, 'classWeights', checkClassWeights),
    ema: optional(fields.ema, 'ema', checkEma),
    metrics: optional(fields.metrics, 'metrics', checkMetrics),
    earlyStopping: optional(fields.earlyStopping, 'earlyStopping', checkEarlyStopping),
    checkpoint: optional(fields.checkpoint, 'checkpoint', checkCheckpoint),
    resume: optional(fields.resume, 'resume', checkPath),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
  const { signal, onEpoch, onBatch, reporter } = fields as FitOptions
  return {
    epochs: core.epochs,
    options: JSON.stringify(core),
    train: checkData(train, 'train', model),
    validation: optional(fields.validation, 'validation', checkData, model),
    reading: checkReading(fields, train, model),
    ...(signal !== undefined && { signal: checkSignal(signal) }),
    ...(onEpoch !== undefined && { onEpoch: checkFunction(onEpoch, 'onEpoch') }),
    ...(onBatch !== undefined && { onBatch: checkFunction(onBatch, 'onBatch') }),
    ...(reporter !== undefined && { reporter: checkReporter(reporter, 'reporter') }),
  }
}

const DECAY = { least: 0, most: 1, below: true }

const FRACTION = { least: 0, above: true, most: 1, below: true }

function checkEarlyStopping(value: unknown, argument: string) {
  const fields = checkFields<EarlyStopping>(value, argument, [
    'monitor',
    'patience',
    'minDelta',
    'restoreBest',
  ])
  return {
    monitor: optional(fields.monitor, `${argument}.monitor`, checkWord, MONITORS),
    patience: optional(fields.patience, `${argument}.patience`, checkInteger, 1, MAX_COUNT),
    minDelta: optional(fields.minDelta, `${argument}.minDelta`, checkNumber, { least: 0 }),
    restoreBest: optional(fields.restoreBest, `${argument}.restoreBest`, checkBoolean),
  }
}

function checkCheckpoint(value: unknown, argument: string) {
  const fields = checkFields<Checkpoint>(value, argument, ['path', 'everySteps', 'keep'])
  return {
    path: checkPath(fields.path, `${argument}.path`),
    everySteps: optional(fields.everySteps, `${argument}.everySteps`, checkInteger, 1, MAX_COUNT),
    keep: optional(fields.keep, `${argument}.keep`, checkInteger, 1, MAX_COUNT),
  }
}

function checkEma(value: unknown, argument: string) {
  const { decay } = checkFields<Ema>(value, argument, ['decay'])
  return { decay: optional(decay, `${argument}.decay`, checkNumber, DECAY) }
}

function checkClassWeights(value: unknown, argument: string): ClassWeights {
  return typeof value === 'string'
    ? checkWord<'balanced'>(value, argument, ['balanced'])
    : checkWeights(value, argument)
}

/** What an answer of `onEpoch` asks for. */
export function readAnswer(answer: unknown): { readonly stop: boolean; readonly rates: string | undefined } {
  const { stop, rates } = (typeof answer === 'object' && answer !== null ? answer : {}) as EpochAnswer
  return { stop: stop === true, rates: optional(rates, 'rates', checkRates) }
}

/** Rates by the places of layers, as JSON for the core. */
export function checkRates(value: unknown, argument: string): string {
  if (typeof value !== 'object' || value === null) {
    throw argumentError(
      'ERR_TYPE',
      argument,
      value,
      "an object of rates by the places of layers: { '2': 0.1 }",
    )
  }
  const list = Object.entries(value).map(([path, rate]) => {
    const positions = path.split('.').map(Number)
    if (!positions.every((position) => Number.isSafeInteger(position) && position >= 0)) {
      throw argumentError('ERR_OPTION', argument, path, "places such as '2' or '2.0.1'")
    }
    return [positions, checkRate(rate, `${argument}['${path}']`)]
  })
  return JSON.stringify(list)
}

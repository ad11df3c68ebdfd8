// `Disposable` is in no library of ES2022, which a user may compile against.
/// <reference lib="esnext.disposable" preserve="true" />
import { types } from 'node:util'
import { argumentError, DropoutError, fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import { native } from '../native/load.js'
import { checkMemory } from '../validate/array.js'
import { checkRate } from '../validate/number.js'
import type { BatchSource } from './batches.js'
import { checkPath } from './check.js'
import { checkConfig, deepFreeze, type ModelConfig, type SequentialOptions } from './config.js'
import type { DataShape, Dataset } from './data.js'
import { checkEvaluate, type EvaluateOptions, type Evaluation } from './evaluate.js'
import { runFit } from './fit.js'
import { checkFit, checkRates, type FitOptions } from './fitOptions.js'
import type { History } from './history.js'
import { type Inputs, widthOf } from './inputs.js'
import { checkMonteCarlo, type MonteCarloOptions, type MonteCarloPrediction } from './monteCarlo.js'
import { byName, checkParameters, type NewParameters, type Parameters } from './parameters.js'
import { checkPredict, type PredictOptions } from './predict.js'
import { sample } from './sample.js'
import {
  checkApplyGradients,
  checkGradients,
  checkTrainStep,
  type GradientOptions,
  type Gradients,
  type RuleOptions,
  type Step,
  type TrainStepOptions,
} from './steps.js'
import { checkSummary, type Summary, type SummaryOptions, toSummary } from './summary.js'

let wrap: (handle: NativeModel) => Model

/**
 * A model, made by {@link sequential}, {@link load} or {@link fromBytes}. Its parameters live in native memory.
 *
 * Methods that return promises work on native threads of their own, copy their input before they return (it may
 * change right after) and reject where others throw. While a model trains every other use of it fails with
 * `ERR_MODEL_BUSY`; predictions and evaluations may run side by side. After `dispose` every use fails with
 * `ERR_MODEL_DISPOSED`.
 */
export class Model implements Disposable {
  static {
    wrap = (handle) => new Model(handle)
  }

  readonly #shape: DataShape
  readonly #running = new Set<Control>()
  #config: ModelConfig
  #handle: NativeModel | undefined

  private constructor(handle: NativeModel) {
    this.#handle = handle
    this.#config = readConfig(handle)
    const { input, output } = this.#config
    const [outputFeatures, outputWidth] = [handle.outputFeatures(), handle.outputWidth()]
    const inputs = { input, width: widthOf(input) }
    this.#shape = { inputs, output, outputFeatures, outputSteps: outputWidth / outputFeatures }
  }

  /** The configuration as a plain, frozen value, with the seed and the site of every mask written out. */
  get config(): ModelConfig {
    return this.#config
  }

  /**
   * Shapes, parameters and rates, layer by layer, and the memory of a training step; as a string it is a table.
   *
   * @throws {DropoutError} `ERR_MODEL_BUSY` while the model trains, and the errors of arguments.
   * @example
   * console.log(`${model.summary({ batchSize: 128 })}`)
   */
  summary(options: SummaryOptions = {}): Summary {
    const handle = this.#use()
    const { batchSize, accumulate } = checkSummary(options)
    return toSummary(done(() => handle.summary(batchSize, accumulate)))
  }

  /**
   * Trains the model on a native thread. It starts from the weights the model has, so a second call goes on where
   * the first ended, with a new optimiser.
   *
   * The same seed, data and options give the same weights, bit for bit, for any number of threads on one kind of
   * machine. Should a callback throw, the training stops and the promise rejects with that error.
   *
   * Data that does not fit into memory comes from a {@link BatchSource}. The next batches are read while one is learnt; when
   * the run ends early, the source's iterator is closed, and `fit` settles after its `finally` blocks (or a second later,
   * where one does not come to them). The same batches in the same order, of rows with the same ids, give the same weights
   * as data in memory, bit for bit. A new model with `normalize` layers reads the first epoch once more for each of them,
   * before it learns. A fault of a batch is found when its turn comes; the model keeps what it learnt before, and a
   * checkpoint is saved, if there is to be one.
   *
   * @param train - the rows to learn from, or a source of batches.
   * @returns the course of the run.
   * @throws {AbortError} `ERR_ABORTED` with the history, if `signal` was aborted; what was learnt stays.
   * @throws {DropoutError} `ERR_DIVERGED` if the loss became NaN (the weights of the last good step stay),
   * `ERR_SOURCE` if a source threw (its error is the `cause`), `ERR_MODEL_BUSY`, `ERR_NOT_FINITE`, `ERR_LABEL`,
   * `ERR_RESUME`, `ERR_IO` and the errors of arguments: see `docs/errors.md`.
   * @example
   * const history = await model.fit({ x, y }, { epochs: 20, optimizer: adam({ learningRate: 1e-3 }) })
   * @example
   * await model.fit(async function* (epoch, skip) {
   *   for (let batch = skip; batch < 1000; batch++) yield await readBatch(epoch, batch)
   * }, { epochs: 20, reporter: terminalReporter() })
   */
  async fit(train: Dataset | BatchSource, options: FitOptions): Promise<History> {
    const handle = this.#use()
    const request = checkFit(train, options, this.#shape)
    const history = this.#stoppable((control) => runFit(handle, control, request))
    // A callback may have changed rates, also in a run that failed.
    await history.then(undefined, () => undefined)
    this.#refresh()
    return history
  }

  /**
   * Learns one batch: a step of a training loop of your own. Masks and the optimiser's state go on from step to step.
   *
   * @param batch - the rows of the step.
   * @returns the loss before the step and the norm of its gradient.
   * @throws {DropoutError} `ERR_DIVERGED` if the loss is not finite (the step before is taken back, if it made these
   * weights) or the gradient (nothing is changed), `ERR_MODEL_BUSY` while the model is used, and the errors of arguments.
   * @example
   * for await (const batch of batches) {
   *   const { loss } = await model.trainStep(batch, { optimizer: adam({ learningRate: 1e-3 }) })
   * }
   */
  async trainStep(batch: Dataset, options: TrainStepOptions = {}): Promise<Step> {
    const handle = this.#use()
    const request = checkTrainStep(batch, options, this.#shape)
    return settled(() => handle.trainStep(request.batch, request.options))
  }

  /**
   * The loss of a batch and its gradients by all trained tensors; the model stays as it is.
   *
   * @throws {DropoutError} `ERR_MODEL_BUSY` while the model trains, and the errors of arguments.
   * @example
   * const { loss, parameters } = await model.gradients({ x, y })
   * parameters['layers.0.weight'].values // dL/dW, row-major
   */
  async gradients(batch: Dataset, options: GradientOptions = {}): Promise<Gradients> {
    const handle = this.#use()
    const request = checkGradients(batch, options, this.#shape)
    const { loss, parameters } = await settled(() => handle.gradients(request.batch, request.options))
    return { loss, parameters: byName(parameters) }
  }

  /**
   * Learns from gradients that you made: those of {@link Model.gradients}, averaged over batches or machines, masked, or
   * with noise. It counts as a step and shares the optimiser's state with {@link Model.trainStep}; running statistics of
   * `batchNorm` stay as they are.
   *
   * @param gradients - one tensor for each of {@link Model.parameters}, by the same names.
   * @returns the Euclidean norm of the gradient, before clipping.
   * @throws {DropoutError} `ERR_OPTION` for names that are not the model's or are missing, `ERR_SHAPE`, `ERR_NOT_FINITE`,
   * `ERR_DIVERGED` if their norm is not finite, `ERR_MODEL_BUSY` while the model is used, and the errors of arguments:
   * nothing is changed then.
   * @example
   * const { parameters } = await model.gradients(batch)
   * for (const { values } of Object.values(parameters)) for (let i = 0; i < values.length; i++) values[i]! += noise()
   * const { gradientNorm } = await model.applyGradients(parameters, { optimizer: sgd({ learningRate: 0.1 }) })
   */
  async applyGradients(
    gradients: NewParameters,
    options: RuleOptions = {},
  ): Promise<Pick<Step, 'gradientNorm'>> {
    const handle = this.#use()
    const request = checkApplyGradients(gradients, options)
    const gradientNorm = await settled(() => handle.applyGradients(request.gradients, request.options))
    return { gradientNorm }
  }

  /**
   * Changes the rate of a layer that drops.
   *
   * @param layer - its place as {@link Model.summary} shows it: `2`, or `'2.0'` within a block.
   * @param rate - the drop probability, in `[0, 1]`.
   * @throws {DropoutError} `ERR_OPTION` where nothing drops, `ERR_RATE`, `ERR_MODEL_BUSY` while the model is used.
   */
  setRate(layer: number | string, rate: number): void {
    const handle = this.#use()
    const rates = checkRates({ [layer]: checkRate(rate, 'rate') }, 'layer')
    done(() => handle.setRates(rates))
    this.#config = readConfig(handle)
  }

  /**
   * The loss and the metrics on some data, with dropout off.
   *
   * @throws {DropoutError} `ERR_MODEL_BUSY`, `ERR_NOT_FINITE`, `ERR_LABEL` and the errors of arguments.
   * @example
   * const { loss, metrics } = await model.evaluate(test)
   */
  async evaluate(data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
    const handle = this.#use()
    const request = checkEvaluate(data, options, this.#shape)
    return settled(() => handle.evaluate(request.data, request.options))
  }

  /**
   * Predictions, with dropout off, on a native thread.
   *
   * @param x - the features of `n` rows.
   * @returns `n x outputs` numbers, row-major: probabilities for `softmax` and `sigmoid`, means and then log
   * variances for `gaussian`.
   * @throws {DropoutError} `ERR_MODEL_BUSY` and the errors of arguments.
   * @example
   * const probabilities = await model.predict([[5.1, 3.5, 1.4, 0.2]])
   */
  async predict(x: Inputs, options: PredictOptions = {}): Promise<Float32Array> {
    const handle = this.#use()
    const { x: matrix, logits, threads, lengths } = checkPredict(x, options, this.#shape.inputs)
    return settled(() => handle.predict(matrix.values, matrix.rows, logits, threads, lengths))
  }

  /**
   * As {@link Model.predict}, on the calling thread: for a few rows, where starting a thread costs more than the
   * prediction.
   *
   * @throws {DropoutError} as {@link Model.predict} rejects.
   */
  predictSync(x: Inputs, options: PredictOptions = {}): Float32Array {
    const handle = this.#use()
    const { x: matrix, logits, threads, lengths } = checkPredict(x, options, this.#shape.inputs)
    return done(() => handle.predictSync(matrix.values, matrix.rows, logits, threads, lengths))
  }

  /**
   * Predictions with uncertainty: dropout stays on and each row is predicted `passes` times (Gal & Ghahramani
   * 2016). What lies before the first dropout layer runs once. The masks depend on the seed, the row's id and the
   * pass, so a row's passes use the same masks in any company; results are the same bits for any number of threads.
   *
   * @throws {AbortError} `ERR_ABORTED` if `signal` was aborted.
   * @throws {DropoutError} `ERR_MODEL_BUSY` and the errors of arguments.
   * @example
   * const { mean, standardError, mutualInformation } = await model.predictMonteCarlo(x, { passes: 100 })
   */
  async predictMonteCarlo(x: Inputs, options: MonteCarloOptions): Promise<MonteCarloPrediction> {
    const handle = this.#use()
    const request = checkMonteCarlo(x, options, this.#shape.inputs)
    return this.#stoppable((control) => sample(handle, control, request))
  }

  /**
   * Writes the model into a safetensors file with its configuration: beside the target, then renamed over it, so a
   * crash leaves the old file or the new one.
   *
   * @param path - the file, as a path or a `file:` URL.
   * @throws {DropoutError} `ERR_IO` if the system refuses, `ERR_MODEL_BUSY` and the errors of arguments.
   */
  async save(path: string | URL): Promise<void> {
    const handle = this.#use()
    const file = checkPath(path, 'path')
    await settled(() => handle.save(file))
  }

  /** The bytes that {@link Model.save} would write. */
  toBytes(): Uint8Array {
    const handle = this.#use()
    return done(() => handle.toBytes())
  }

  /**
   * Copies of the trained tensors by name.
   *
   * @throws {DropoutError} `ERR_MODEL_BUSY` while the model trains.
   */
  parameters(): Parameters {
    const handle = this.#use()
    return byName(done(() => handle.parameters()))
  }

  /**
   * Writes trained tensors by name; those that are not named stay as they are.
   *
   * @throws {DropoutError} `ERR_OPTION` for a name the model does not have, `ERR_SHAPE` for another number of
   * elements, `ERR_NOT_FINITE` for NaN or an infinity, `ERR_MODEL_BUSY` while the model is used. Nothing is written
   * then.
   * @example
   * model.setParameters(other.parameters())
   */
  setParameters(parameters: NewParameters): void {
    const handle = this.#use()
    const list = checkParameters(parameters, 'parameters')
    done(() => handle.setParameters(list))
  }

  /**
   * Gives the native memory back at once instead of at some garbage collection. A training or sampling that is
   * under way is aborted. Disposing twice does nothing.
   */
  dispose(): void {
    for (const control of this.#running) control.stop()
    this.#handle?.dispose()
    this.#handle = undefined
  }

  /** {@link Model.dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Reads the configuration again, unless somebody uses the model: it cannot have changed then. */
  #refresh(): void {
    try {
      if (this.#handle) this.#config = readConfig(this.#handle)
    } catch (error) {
      if (!(error instanceof DropoutError && error.code === 'ERR_MODEL_BUSY')) throw error
    }
  }

  #use(): NativeModel {
    if (this.#handle) return this.#handle
    throw new DropoutError('ERR_MODEL_DISPOSED', 'the model was disposed; make or load another one')
  }

  async #stoppable<T>(work: (control: Control) => Promise<T>): Promise<T> {
    const control = new native.Control()
    this.#running.add(control)
    try {
      return await work(control)
    } finally {
      this.#running.delete(control)
    }
  }
}

/**
 * A model from its layers, with initial weights that depend on the seed alone.
 *
 * @throws {DropoutError} `ERR_CONFIG` naming the layer and the shapes that do not fit, `ERR_RATE`, `ERR_RANGE`,
 * `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * const model = sequential({
 *   input: [30],
 *   output: 'softmax',
 *   seed: 1n,
 *   layers: [normalize(), dense(64, { activation: 'relu' }), dropout(0.5), dense(2)],
 * })
 */
export function sequential(options: SequentialOptions): Model {
  const config = JSON.stringify(checkConfig(options))
  return wrap(done(() => new native.NativeModel(config)))
}

/**
 * Reads a model that {@link Model.save} wrote, or a checkpoint of `fit`.
 *
 * @param path - the file, as a path or a `file:` URL.
 * @throws {DropoutError} `ERR_IO`, `ERR_NOT_A_MODEL`, `ERR_TRUNCATED`, `ERR_CORRUPT`, `ERR_VERSION`.
 */
export async function load(path: string | URL): Promise<Model> {
  const file = checkPath(path, 'path')
  return wrap(await settled(() => native.NativeModel.load(file)))
}

/**
 * As {@link load}, from the bytes of the file.
 *
 * @throws {DropoutError} `ERR_NOT_A_MODEL`, `ERR_TRUNCATED`, `ERR_CORRUPT`, `ERR_VERSION`, `ERR_TYPE`.
 */
export function fromBytes(bytes: Uint8Array): Model {
  if (!types.isUint8Array(bytes)) throw argumentError('ERR_TYPE', 'bytes', bytes, 'a Uint8Array')
  checkMemory(bytes, 'bytes')
  return wrap(done(() => native.NativeModel.fromBytes(bytes)))
}

function readConfig(handle: NativeModel): ModelConfig {
  return deepFreeze(JSON.parse(done(() => handle.config())))
}

/** A native call whose errors become those of this library. */
function done<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}

/** The same for a call that returns a promise. */
async function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw fromNative(error)
  }
}

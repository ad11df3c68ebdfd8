import { argumentError } from '../errors.js'
import type { NativeData } from '../native/binding.js'
import { checkNumber } from '../validate/number.js'
import { checkBoolean, optional } from '../validate/options.js'
import { checkFields } from './check.js'
import { checkDataset, type DataShape } from './data.js'
import { checkLoss, type Loss, type LossName } from './losses.js'
import { adam, checkOptimizer, type Optimizer } from './optimizers.js'
import type { Parameters } from './parameters.js'
import { checkThreads } from './running.js'

/** The options of `model.gradients`. */
export interface GradientOptions {
  /**
   * What is differentiated; must fit the model's output.
   *
   * @default the loss of the model's output, see {@link Output}
   */
  readonly loss?: LossName | Loss | undefined
  /**
   * Whether dropout is on, with the masks of the next step.
   *
   * @default true
   */
  readonly training?: boolean | undefined
  /**
   * Threads to compute with, in `[1, 1024]`. Results do not depend on it.
   *
   * @default INVERTED_DROPOUT_THREADS, else what the machine offers
   */
  readonly threads?: number | undefined
}

/** The loss of a batch and its gradients. */
export interface Gradients {
  /** The mean loss of the batch. */
  readonly loss: number
  /** The gradients by the trained tensors, by the same names and with the same shapes. */
  readonly parameters: Parameters
}

/** The options of `model.trainStep`. */
export interface TrainStepOptions extends Omit<GradientOptions, 'training'> {
  /**
   * The rule of the step. Its state goes on from step to step until a step has another rule.
   *
   * @default adam()
   */
  readonly optimizer?: Optimizer | undefined
  /**
   * The step size of this step, in `[0, 1e6]`: what a schedule of yours says.
   *
   * @default the optimiser's own
   */
  readonly learningRate?: number | undefined
  /**
   * Gradients whose Euclidean norm over all parameters is larger are scaled down to it; above 0.
   *
   * @default not clipped
   */
  readonly clipNorm?: number | undefined
}

/** What a step saw. */
export interface Step {
  /** The mean loss of the batch, before the step. */
  readonly loss: number
  /** The Euclidean norm of the gradient, before clipping. */
  readonly gradientNorm: number
}

/** A checked batch, and its options as JSON for the core. */
export interface BatchRequest {
  readonly batch: NativeData
  readonly options: string
}

/** Checks the arguments of `gradients` for a model. */
export function checkGradients(batch: unknown, options: unknown, model: DataShape): BatchRequest {
  const fields = checkFields<GradientOptions>(options, 'options', ['loss', 'training', 'threads'])
  const core = {
    loss: checkLoss(fields.loss, model.output),
    inference: !checkBoolean(fields.training, 'training', true),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
  return { batch: checkDataset(batch, 'batch', model), options: JSON.stringify(core) }
}

/** Checks the arguments of `trainStep` for a model. */
export function checkTrainStep(batch: unknown, options: unknown, model: DataShape): BatchRequest {
  const names = ['loss', 'optimizer', 'learningRate', 'clipNorm', 'threads'] as const
  const fields = checkFields<TrainStepOptions>(options, 'options', names)
  const { learningRate: own, ...optimizer } =
    optional(fields.optimizer, 'optimizer', checkOptimizer) ?? adam()
  if (typeof own === 'object' && fields.learningRate === undefined) {
    const allowed = 'a number: a single step has no schedule, pass its own `learningRate`'
    throw argumentError('ERR_TYPE', 'optimizer.learningRate', own, allowed)
  }
  const rate = optional(fields.learningRate, 'learningRate', checkNumber, { least: 0, most: 1e6 })
  const core = {
    loss: checkLoss(fields.loss, model.output),
    optimizer,
    learningRate: rate ?? own,
    clipNorm: optional(fields.clipNorm, 'clipNorm', checkNumber, { least: 0, above: true }),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
  return { batch: checkDataset(batch, 'batch', model), options: JSON.stringify(core) }
}

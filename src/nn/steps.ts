import { argumentError } from '../errors.js'
import type { NativeData, NewParameter } from '../native/binding.js'
import { checkNumber } from '../validate/number.js'
import { checkBoolean, optional } from '../validate/options.js'
import { checkFields } from './check.js'
import { checkDataset, type DataShape } from './data.js'
import { checkLoss, type Loss, type LossName } from './losses.js'
import { adam, checkOptimizer, type Optimizer } from './optimizers.js'
import { checkParameters, type Parameters } from './parameters.js'
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

/** The rule of a step: the options of `model.applyGradients`. */
export interface RuleOptions extends Pick<GradientOptions, 'threads'> {
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

/** The options of `model.trainStep`. */
export interface TrainStepOptions extends RuleOptions, Pick<GradientOptions, 'loss'> {}

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

/** Checked gradients by name, and options as JSON for the core. */
export interface ApplyRequest {
  readonly gradients: NewParameter[]
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
  const fields = checkFields<TrainStepOptions>(options, 'options', ['loss', ...RULE])
  const core = { loss: checkLoss(fields.loss, model.output), ...checkRule(fields) }
  return { batch: checkDataset(batch, 'batch', model), options: JSON.stringify(core) }
}

/** Checks the arguments of `applyGradients`; whether the tensors are the model's is for the core to say. */
export function checkApplyGradients(gradients: unknown, options: unknown): ApplyRequest {
  const core = checkRule(checkFields<RuleOptions>(options, 'options', RULE))
  return { gradients: checkParameters(gradients, 'gradients'), options: JSON.stringify(core) }
}

const RULE = ['optimizer', 'learningRate', 'clipNorm', 'threads'] as const

function checkRule(fields: { readonly [name in (typeof RULE)[number]]?: unknown }) {
  const { learningRate: own, ...optimizer } =
    optional(fields.optimizer, 'optimizer', checkOptimizer) ?? adam()
  if (typeof own === 'object' && fields.learningRate === undefined) {
    const allowed = 'a number: a single step has no schedule, pass its own `learningRate`'
    throw argumentError('ERR_TYPE', 'optimizer.learningRate', own, allowed)
  }
  const rate = optional(fields.learningRate, 'learningRate', checkNumber, { least: 0, most: 1e6 })
  return {
    optimizer,
    learningRate: rate ?? own,
    clipNorm: optional(fields.clipNorm, 'clipNorm', checkNumber, { least: 0, above: true }),
    threads: optional(fields.threads, 'threads', checkThreads),
  }
}

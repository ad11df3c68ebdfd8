import { argumentError } from '../errors.js'
import { checkNumber } from '../validate/number.js'
import { checkBoolean, checkWord, optional } from '../validate/options.js'
import { checkFields, checkPart, record } from './check.js'
import { checkLearningRate, type LearningRate } from './schedules.js'

/** What all optimisers take. */
interface CommonOptions {
  /**
   * The step size, in `[0, 1e6]`, or a schedule of it.
   *
   * @default 0.01 for `sgd`, 0.001 for `adam` and `adamw`
   */
  readonly learningRate?: LearningRate | undefined
  /**
   * How strongly weights are pulled to 0, at least 0: by the gradient `g + weightDecay w` in `sgd` and `adam`, by
   * `w (1 - learningRate weightDecay)` before the step in `adamw`.
   *
   * @default 0, for `adamw` 0.01
   */
  readonly weightDecay?: number | undefined
}

/** The options of {@link sgd}. */
export interface SgdOptions extends CommonOptions {
  /**
   * How much of the velocity stays, in `[0, 1)`.
   *
   * @default 0
   */
  readonly momentum?: number | undefined
  /**
   * Looks ahead along the velocity; needs momentum.
   *
   * @default false
   */
  readonly nesterov?: boolean | undefined
}

/** The options of {@link adam} and {@link adamw}. */
export interface AdamOptions extends CommonOptions {
  /**
   * The decay of the mean gradient, in `[0, 1)`.
   *
   * @default 0.9
   */
  readonly beta1?: number | undefined
  /**
   * The decay of the mean squared gradient, in `[0, 1)`.
   *
   * @default 0.999
   */
  readonly beta2?: number | undefined
  /**
   * Added to the root of the mean squared gradient, above 0.
   *
   * @default 1e-8
   */
  readonly epsilon?: number | undefined
}

/** Stochastic gradient descent as a plain value. */
export interface Sgd extends SgdOptions {
  readonly type: 'sgd'
}

/** Adam as a plain value. */
export interface Adam extends AdamOptions {
  readonly type: 'adam'
}

/** AdamW as a plain value. */
export interface AdamW extends AdamOptions {
  readonly type: 'adamw'
}

/** An optimiser as a plain, frozen value. Its rules and defaults are PyTorch's. */
export type Optimizer = Sgd | Adam | AdamW

const FRACTION = { least: 0, most: 1, below: true }

/**
 * Stochastic gradient descent: `v = momentum v + g`, `w = w - rate v`; with Nesterov `w = w - rate (g + momentum v)`
 * (Sutskever et al. 2013, in PyTorch's form).
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * sgd({ learningRate: 0.1, momentum: 0.9 })
 */
export function sgd(options: SgdOptions = {}): Sgd {
  return checkSgd({ ...checkFields<Sgd>(options, 'options', SGD_OPTIONS), type: 'sgd' }, '')
}

/**
 * Adam with bias correction (Kingma & Ba 2015).
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * adam({ learningRate: 1e-3 })
 */
export function adam(options: AdamOptions = {}): Adam {
  return checkAdam<Adam>({ ...checkFields<Adam>(options, 'options', ADAM_OPTIONS), type: 'adam' }, '')
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019).
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * adamw({ learningRate: 1e-3, weightDecay: 0.01 })
 */
export function adamw(options: AdamOptions = {}): AdamW {
  return checkAdam<AdamW>({ ...checkFields<AdamW>(options, 'options', ADAM_OPTIONS), type: 'adamw' }, '')
}

const COMMON_OPTIONS = ['learningRate', 'weightDecay'] as const
const SGD_OPTIONS = [...COMMON_OPTIONS, 'momentum', 'nesterov'] as const
const ADAM_OPTIONS = [...COMMON_OPTIONS, 'beta1', 'beta2', 'epsilon'] as const

const CHECKS: { readonly [Type in Optimizer['type']]: (optimizer: object, at: string) => Optimizer } = {
  sgd: checkSgd,
  adam: checkAdam<Adam>,
  adamw: checkAdam<AdamW>,
}

const OPTIMIZER_TYPES = Object.keys(CHECKS) as Optimizer['type'][]

/** Checks an optimiser that may come from anywhere, JSON for instance. */
export function checkOptimizer(value: unknown, argument: string): Optimizer {
  if (typeof value !== 'object' || value === null) {
    throw argumentError('ERR_TYPE', argument, value, 'an optimiser, for instance adam()')
  }
  const type = checkWord((value as { type?: unknown }).type, `${argument}.type`, OPTIMIZER_TYPES)
  return CHECKS[type](value, `${argument}.`)
}

// In the checks below, `at` is what stands before a field's name in messages, as in `checkPart`.

function checkSgd(optimizer: object, at: string): Sgd {
  const fields = checkPart<Sgd>(optimizer, at, ['type', ...SGD_OPTIONS])
  return record<Sgd>({
    type: 'sgd',
    ...checkCommon(fields, at),
    momentum: optional(fields.momentum, `${at}momentum`, checkNumber, FRACTION),
    nesterov: optional(fields.nesterov, `${at}nesterov`, checkBoolean),
  })
}

function checkAdam<Kind extends Adam | AdamW>(optimizer: object, at: string): Kind {
  const fields = checkPart<Kind>(optimizer, at, ['type', ...ADAM_OPTIONS])
  return record<AdamOptions & { type: Kind['type'] }>({
    type: fields.type as Kind['type'],
    ...checkCommon(fields, at),
    beta1: optional(fields.beta1, `${at}beta1`, checkNumber, FRACTION),
    beta2: optional(fields.beta2, `${at}beta2`, checkNumber, FRACTION),
    epsilon: optional(fields.epsilon, `${at}epsilon`, checkNumber, { least: 0, above: true }),
  }) as Kind
}

function checkCommon(fields: { learningRate?: unknown; weightDecay?: unknown }, at: string) {
  return {
    learningRate: optional(fields.learningRate, `${at}learningRate`, checkLearningRate),
    weightDecay: optional(fields.weightDecay, `${at}weightDecay`, checkNumber, { least: 0 }),
  }
}

import { argumentError } from '../errors.js'
import { checkNumber } from '../validate/number.js'
import { checkWord, optional } from '../validate/options.js'
import { checkFields, checkPart, record } from './check.js'

/** Always the same rate. */
export interface ConstantSchedule {
  readonly type: 'constant'
  readonly value: number
}

/** The rate falls by `factor` after every `every` epochs. */
export interface StepSchedule extends StepOptions {
  readonly type: 'step'
}

/** The options of {@link step}. */
export interface StepOptions {
  /** The rate at the start, in `[0, 1e6]`. */
  readonly initial: number
  /** What the rate is multiplied by, in `(0, 1]`. */
  readonly factor: number
  /** Epochs between two changes, above 0; fractions are allowed. */
  readonly every: number
}

/** Half a cosine from `initial` to `final`, which then stays. */
export interface CosineSchedule extends CosineOptions {
  readonly type: 'cosine'
}

/** The options of {@link cosine}. */
export interface CosineOptions {
  /** The rate at the start, in `[0, 1e6]`. */
  readonly initial: number
  /**
   * The rate at the end, in `[0, 1e6]`.
   *
   * @default 0
   */
  readonly final?: number | undefined
  /**
   * Epochs until the end, above 0; fractions are allowed.
   *
   * @default all epochs of the training
   */
  readonly over?: number | undefined
}

/** A straight rise over the first epochs to where another schedule starts. */
export interface WarmUpSchedule extends WarmUpOptions {
  readonly type: 'warmUp'
}

/** The options of {@link warmUp}. */
export interface WarmUpOptions {
  /** Epochs of rising, above 0; fractions are allowed. */
  readonly over: number
  /** What follows; its time begins when the rise ends. */
  readonly next: LearningRate
}

/** How a learning rate changes, as a plain, frozen value. The rate is worked out anew for each optimiser step. */
export type Schedule = ConstantSchedule | StepSchedule | CosineSchedule | WarmUpSchedule

/** A learning rate: a number in `[0, 1e6]`, or a schedule. */
export type LearningRate = number | Schedule

const RATE = { least: 0, most: 1e6 }
const TIME = { least: 0, above: true }
const ALLOWED = 'a number in [0, 1e6] or a schedule, for instance cosine({ initial: 1e-3 })'

/**
 * A rate that never changes; the same as the number itself.
 *
 * @throws {DropoutError} `ERR_TYPE` or `ERR_RANGE` for a rate outside `[0, 1e6]`.
 * @example
 * adam({ learningRate: constant(1e-3) })
 */
export function constant(value: number): ConstantSchedule {
  return checkConstant({ type: 'constant', value }, '')
}

/**
 * A rate that falls in steps: `initial x factor^floor(epoch / every)`.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * sgd({ learningRate: step({ initial: 0.1, factor: 0.5, every: 10 }) })
 */
export function step(options: StepOptions): StepSchedule {
  const { initial, factor, every } = checkFields(options, 'options', STEP_OPTIONS)
  return checkStep({ type: 'step', initial, factor, every }, '')
}

/**
 * Half a cosine from `initial` to `final` (Loshchilov & Hutter 2017).
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * adam({ learningRate: cosine({ initial: 1e-3 }) }) // falls to 0 over the whole training
 */
export function cosine(options: CosineOptions): CosineSchedule {
  const { initial, final, over } = checkFields(options, 'options', COSINE_OPTIONS)
  return checkCosine({ type: 'cosine', initial, final, over }, '')
}

/**
 * A straight rise over the first epochs to where `next` starts.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * adam({ learningRate: warmUp({ over: 2, next: cosine({ initial: 1e-3 }) }) })
 */
export function warmUp(options: WarmUpOptions): WarmUpSchedule {
  const { over, next } = checkFields(options, 'options', WARM_UP_OPTIONS)
  return checkWarmUp({ type: 'warmUp', over, next }, '')
}

const STEP_OPTIONS = ['initial', 'factor', 'every'] as const
const COSINE_OPTIONS = ['initial', 'final', 'over'] as const
const WARM_UP_OPTIONS = ['over', 'next'] as const

const CHECKS: { readonly [Type in Schedule['type']]: (schedule: object, at: string) => Schedule } = {
  constant: checkConstant,
  step: checkStep,
  cosine: checkCosine,
  warmUp: checkWarmUp,
}

const SCHEDULE_TYPES = Object.keys(CHECKS) as Schedule['type'][]

/** Checks a learning rate that may come from anywhere, JSON for instance. */
export function checkLearningRate(value: unknown, argument: string): LearningRate {
  if (typeof value === 'number') return checkNumber(value, argument, RATE)
  if (typeof value !== 'object' || value === null) throw argumentError('ERR_TYPE', argument, value, ALLOWED)
  const type = checkWord((value as { type?: unknown }).type, `${argument}.type`, SCHEDULE_TYPES)
  return CHECKS[type](value, `${argument}.`)
}

// In the checks below, `at` is what stands before a field's name in messages, as in `checkPart`.

function checkConstant(schedule: object, at: string): ConstantSchedule {
  const { value } = checkPart<ConstantSchedule>(schedule, at, ['type', 'value'])
  return record<ConstantSchedule>({ type: 'constant', value: checkNumber(value, `${at}value`, RATE) })
}

function checkStep(schedule: object, at: string): StepSchedule {
  const fields = checkPart<StepSchedule>(schedule, at, ['type', ...STEP_OPTIONS])
  return record<StepSchedule>({
    type: 'step',
    initial: checkNumber(fields.initial, `${at}initial`, RATE),
    factor: checkNumber(fields.factor, `${at}factor`, { least: 0, above: true, most: 1 }),
    every: checkNumber(fields.every, `${at}every`, TIME),
  })
}

function checkCosine(schedule: object, at: string): CosineSchedule {
  const fields = checkPart<CosineSchedule>(schedule, at, ['type', ...COSINE_OPTIONS])
  return record<CosineSchedule>({
    type: 'cosine',
    initial: checkNumber(fields.initial, `${at}initial`, RATE),
    final: optional(fields.final, `${at}final`, checkNumber, RATE),
    over: optional(fields.over, `${at}over`, checkNumber, TIME),
  })
}

function checkWarmUp(schedule: object, at: string): WarmUpSchedule {
  const fields = checkPart<WarmUpSchedule>(schedule, at, ['type', ...WARM_UP_OPTIONS])
  return record<WarmUpSchedule>({
    type: 'warmUp',
    over: checkNumber(fields.over, `${at}over`, TIME),
    next: checkLearningRate(fields.next, `${at}next`),
  })
}

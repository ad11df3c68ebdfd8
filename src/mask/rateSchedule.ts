import { argumentError } from '../errors.js'
import { checkNumber, checkRate } from '../validate/number.js'
import { checkOptions, checkWord } from '../validate/options.js'

/** The same rate always. */
export interface ConstantRate {
  readonly type: 'constant'
  /** The rate, in `[0, 1]`. */
  readonly rate: number
}

/** A straight line; DropBlock's schedule (Ghiasi, Lin & Le 2018, section 3.1) goes from 0 to its rate. */
export interface LinearRate {
  readonly type: 'linear'
  /** The rate at the start, in `[0, 1]`. @default 0 */
  readonly from?: number | undefined
  /** The rate at the end, which then stays, in `[0, 1]`. */
  readonly to: number
  /** The share of the training until the end, in `(0, 1]`. @default 1 */
  readonly over?: number | undefined
}

/** Half a cosine: slow at both ends. */
export interface CosineRate {
  readonly type: 'cosine'
  /** The rate at the start, in `[0, 1]`. @default 0 */
  readonly from?: number | undefined
  /** The rate at the end, which then stays, in `[0, 1]`. */
  readonly to: number
  /** The share of the training until the end, in `(0, 1]`. @default 1 */
  readonly over?: number | undefined
}

/**
 * Curriculum dropout (Morerio et al. 2017, equation 2): `to * (1 - exp(-gamma * t))` with t the share of the training,
 * so that the task grows harder, fast at first.
 */
export interface CurriculumRate {
  readonly type: 'curriculum'
  /** The rate that is approached, in `[0, 1]`. */
  readonly to: number
  /** How fast, above 0. @default 10, the paper's 10 / T */
  readonly gamma?: number | undefined
}

/**
 * A curriculum that follows the loss instead of the clock: 0 at a loss of `start` or more, `to` at `goal` or less, and
 * in proportion between. What is not yet learnt is not made harder.
 */
export interface LossRate {
  readonly type: 'loss'
  /** The rate at `goal`, in `[0, 1]`. */
  readonly to: number
  /** The loss of an untrained model, for instance ln(classes). */
  readonly start: number
  /** The loss at which the rate is reached, below `start`. */
  readonly goal: number
}

/** How a drop rate changes in the course of a training: a plain value that JSON carries. */
export type RateSchedule = ConstantRate | LinearRate | CosineRate | CurriculumRate | LossRate

/** How far the training is. */
export interface RateProgress {
  /** The share of the training that is done, in `[0, 1]`: step over steps. @default 0 */
  readonly done?: number | undefined
  /** The current loss; what a schedule of type `'loss'` needs. */
  readonly loss?: number | undefined
}

const NAMES = {
  constant: new Set(['type', 'rate']),
  linear: new Set(['type', 'from', 'to', 'over']),
  cosine: new Set(['type', 'from', 'to', 'over']),
  curriculum: new Set(['type', 'to', 'gamma']),
  loss: new Set(['type', 'to', 'start', 'goal']),
}
const TYPES = Object.keys(NAMES) as RateSchedule['type'][]
const PROGRESS = new Set(['done', 'loss'])

/**
 * The rate of a schedule, in `[0, 1]`.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
 * @example
 * const schedule = { type: 'linear', to: 0.1 } as const
 * const m = mask.block({ rate: rateAt(schedule, { done: step / steps }), blockSize: 7, shape, layout: 'NHWC', seed })
 */
export function rateAt(schedule: RateSchedule, progress: RateProgress = {}): number {
  if (typeof schedule !== 'object' || schedule === null) {
    throw argumentError(
      'ERR_TYPE',
      'schedule',
      schedule,
      "a schedule, for instance { type: 'linear', to: 0.1 }",
    )
  }
  checkOptions(schedule, NAMES[checkWord(schedule.type, 'schedule.type', TYPES)], 'schedule')
  checkOptions(progress, PROGRESS, 'progress')
  const { done: share = 0 } = progress
  const done = checkNumber(share, 'progress.done', { least: 0, most: 1 })
  switch (schedule.type) {
    case 'constant':
      return checkRate(schedule.rate, 'schedule.rate')
    case 'linear':
      return between(schedule, Math.min(1, done / over(schedule)))
    case 'cosine':
      return between(schedule, (1 - Math.cos(Math.PI * Math.min(1, done / over(schedule)))) / 2)
    case 'curriculum': {
      const { gamma = 10 } = schedule
      const speed = checkNumber(gamma, 'schedule.gamma', { least: 0, above: true })
      return checkRate(schedule.to, 'schedule.to') * -Math.expm1(-speed * done)
    }
    case 'loss':
      return fromLoss(schedule, progress.loss)
  }
}

function over({ over = 1 }: LinearRate | CosineRate): number {
  return checkNumber(over, 'schedule.over', { least: 0, most: 1, above: true })
}

function between({ from = 0, to }: LinearRate | CosineRate, share: number): number {
  const [first, last] = [checkRate(from, 'schedule.from'), checkRate(to, 'schedule.to')]
  // Exact at both ends, and never past them.
  return share === 1 ? last : first + (last - first) * share
}

function fromLoss({ to, start, goal }: LossRate, loss: unknown): number {
  const last = checkRate(to, 'schedule.to')
  const high = checkNumber(start, 'schedule.start')
  const low = checkNumber(goal, 'schedule.goal')
  if (low >= high) throw argumentError('ERR_RANGE', 'schedule.goal', low, `below \`schedule.start\`, ${high}`)
  const now = checkNumber(loss, 'progress.loss')
  return last * Math.min(1, Math.max(0, (high - now) / (high - low)))
}

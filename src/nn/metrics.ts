import { argumentError } from '../errors.js'
import { checkList } from '../validate/list.js'
import { checkWord } from '../validate/options.js'

/** The metrics by name. */
export const METRICS = ['accuracy', 'binaryAccuracy', 'meanAbsoluteError', 'rootMeanSquaredError'] as const

/**
 * A figure beside the loss. Every row counts once, whatever its weight.
 *
 * | metric | output | meaning |
 * |---|---|---|
 * | `accuracy` | `softmax` | the part of the rows whose most probable class is the true one |
 * | `binaryAccuracy` | `sigmoid` | the part of the outputs on the right side of 1/2 |
 * | `meanAbsoluteError` | `identity`, `gaussian` | the mean of `|prediction - target|` |
 * | `rootMeanSquaredError` | `identity`, `gaussian` | the root of the mean of `(prediction - target)^2` |
 */
export type Metric = (typeof METRICS)[number]

/** Metrics by name. */
export type Metrics = { readonly [Name in Metric]?: number }

/** A list of metrics without repetitions. */
export function checkMetrics(value: unknown, argument: string): Metric[] {
  const list = checkList<unknown>(value, argument, "an array of metrics, for instance ['accuracy']")
  const names = Array.from(list, (name, index) => checkWord(name, `${argument}[${index}]`, METRICS))
  const repeated = names.findIndex((name, index) => names.indexOf(name) < index)
  if (repeated < 0) return names
  throw argumentError(
    'ERR_OPTION',
    `${argument}[${repeated}]`,
    names[repeated],
    'a metric that is not listed yet',
  )
}

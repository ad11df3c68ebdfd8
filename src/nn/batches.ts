import { DropoutError } from '../errors.js'
import type { NativeData } from '../native/binding.js'
import { checkInteger } from '../validate/number.js'
import { checkDataset, type DataShape, type Dataset } from './data.js'

/** Some rows of a larger data set, with what a model shall predict for them. */
export interface Batch extends Omit<Dataset, 'ids'> {
  /**
   * The identity of each row, in `[0, 2^32)`: its masks depend on it, and so are the same in any order and company.
   *
   * @default the row's place in its epoch, modulo 2^32
   */
  readonly ids?: ArrayLike<number> | undefined
}

/**
 * The batches of one epoch after another, for data that does not fit into memory: an async generator function, or any
 * function that returns something to iterate over.
 *
 * Each batch is learnt as one step, in the order in which they come; they may differ in size. The arrays of a batch are
 * copied when it arrives, so that a source may fill the same ones again. For a run to be resumed bit for bit, a batch must
 * depend on its epoch and its number in the epoch alone.
 *
 * @param epoch - the epoch, counted from 0 in each run.
 * @param skip - how many batches of the epoch have been learnt already: 0, but in the first epoch of a resumed run. The
 * source must leave them out.
 * @example
 * const train: BatchSource = async function* (epoch, skip) {
 *   for await (const rows of batchesOf(files[epoch % files.length], { from: skip })) {
 *     yield { x: rows.map(({ x }) => x), y: rows.map(({ y }) => y) }
 *   }
 * }
 */
export type BatchSource = (epoch: number, skip: number) => AsyncIterable<Batch> | Iterable<Batch>

/** Whether data comes batch by batch. */
export function isSource(data: unknown): data is BatchSource {
  return typeof data === 'function'
}

/** Checks data in memory; what a source gives is checked when it comes. */
export function checkData(data: unknown, argument: string, model: DataShape): NativeData | BatchSource {
  return isSource(data) ? data : checkDataset(data, argument, model)
}

/** How sources are read. */
export interface Reading {
  /** Batches that are read before they are asked for. */
  readonly prefetch: number
  /** Where an epoch of the training data ends, if not with the source. */
  readonly batchesPerEpoch: number
  readonly model: DataShape
}

/** Options of `fit` that have to do with sources. */
interface SourceOptions {
  readonly batchesPerEpoch?: unknown
  readonly prefetch?: unknown
  readonly validation?: unknown
  readonly batchSize?: unknown
  readonly shuffle?: unknown
  readonly validationSplit?: unknown
}

const OF_MEMORY = ['batchSize', 'shuffle', 'validationSplit'] as const
const MOST_AHEAD = 1024

/** Checks how sources are to be read, and that no option is given that they make meaningless. */
export function checkReading(options: SourceOptions, train: unknown, model: DataShape): Reading {
  const { batchesPerEpoch = Infinity, prefetch = 2 } = options
  const given = OF_MEMORY.find((name) => options[name] !== undefined)
  if (isSource(train) && given) {
    throw new DropoutError(
      'ERR_OPTION',
      `\`${given}\` is for data in memory; a source makes its batches itself`,
    )
  }
  if (!isSource(train) && options.batchesPerEpoch !== undefined) {
    throw new DropoutError(
      'ERR_OPTION',
      '`batchesPerEpoch` is for a source; `batchSize` decides for data in memory',
    )
  }
  if (!isSource(train) && !isSource(options.validation) && options.prefetch !== undefined) {
    throw new DropoutError('ERR_OPTION', '`prefetch` is for a source; this data is in memory')
  }
  return {
    // Its range has been checked with the other options of the core.
    batchesPerEpoch: batchesPerEpoch as number,
    prefetch: checkInteger(prefetch, 'prefetch', 0, MOST_AHEAD),
    model,
  }
}

/** An iterator whose results, whatever it is, are to be awaited. */
export interface BatchIterator {
  next(): Promise<IteratorResult<unknown>>
  return(): Promise<void>
}

/** Opens what a source returned; undefined where that cannot be iterated over. */
export function iterate(value: unknown): BatchIterator | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>
  const isAsync = iterable[Symbol.asyncIterator] !== undefined
  const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.()
  if (!iterator) return undefined
  return {
    async next() {
      const result = await iterator.next()
      return isAsync || result.done ? result : { done: false, value: await result.value }
    },
    async return() {
      await iterator.return?.()
    },
  }
}

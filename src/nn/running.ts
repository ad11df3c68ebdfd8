import { AbortError, argumentError } from '../errors.js'
import { checkInteger } from '../validate/number.js'

/** The largest number of epochs, rows of a batch or passes. */
export const MAX_COUNT = 2 ** 32 - 1

/** Rows of a batch where none are said. */
export const DEFAULT_BATCH_SIZE = 32

const MAX_THREADS = 1024

/** A number of threads. */
export function checkThreads(value: unknown, argument: string): number {
  if (typeof value !== 'number') return checkInteger(value, argument, 1, MAX_THREADS)
  if (Number.isInteger(value) && value >= 1 && value <= MAX_THREADS) return value
  throw argumentError('ERR_THREADS', argument, value, `a whole number in [1, ${MAX_THREADS}]`)
}

/**
 * Runs `work`, and `stop` should the signal be aborted meanwhile. A signal that was aborted before is for the
 * caller to see: `work` must not start then.
 */
export async function whileListening<T>(
  signal: AbortSignal | undefined,
  stop: () => void,
  work: () => Promise<T>,
): Promise<T> {
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await work()
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** The error of a call that its signal stopped; what was learnt by then is in `history`. */
export function aborted<History>(signal: AbortSignal | undefined, message: string, history: History) {
  return new AbortError(message, history, signal?.aborted ? { cause: signal.reason } : undefined)
}

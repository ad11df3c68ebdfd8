import { argumentError } from '../errors.js'

/** An `AbortSignal`, of any realm. */
export function checkSignal(value: unknown, argument = 'signal'): AbortSignal {
  const signal = value as Partial<AbortSignal> | null
  if (typeof signal === 'object' && typeof signal?.aborted === 'boolean' && signal.addEventListener) {
    return signal as AbortSignal
  }
  throw argumentError('ERR_TYPE', argument, value, 'an AbortSignal')
}

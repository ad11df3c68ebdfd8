import { argumentError } from '../errors.js'

/** A list: an array or a typed array. */
export function checkList<T>(value: unknown, argument: string, allowed: string): ArrayLike<T> {
  if (!isList(value)) throw argumentError('ERR_TYPE', argument, value, allowed)
  return value as ArrayLike<T>
}

/** Whether a value is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

import { types } from 'node:util'
import { argumentError, mismatch } from '../errors.js'
import { checkMemory } from './array.js'
import { checkList } from './list.js'
import { checkInteger, MAX_WORD } from './number.js'

/** Whole numbers in `[0, 2^32)`. A `Uint32Array` is taken as it is, other lists are copied into one. */
export function checkWords(value: unknown, argument: string): Uint32Array {
  const list = checkList<unknown>(value, argument, 'a Uint32Array or a list of whole numbers in [0, 2^32)')
  if (ArrayBuffer.isView(list)) checkMemory(list as unknown as NodeJS.TypedArray, argument)
  if (types.isUint32Array(list)) return list
  return Uint32Array.from(list, (word, i) => checkInteger(word, `${argument}[${i}]`, 0, MAX_WORD))
}

const ALLOWED_NAMES =
  'a Uint32Array, a BigUint64Array or a list of whole numbers that are safe integers or bigints below 2^64'

/** Names of 64 bits. `Uint32Array` and `BigUint64Array` are taken as they are, other lists are copied into one. */
export function checkNames(value: unknown, argument: string): Uint32Array | BigUint64Array {
  const list = checkList<unknown>(value, argument, ALLOWED_NAMES)
  if (ArrayBuffer.isView(list)) checkMemory(list as unknown as NodeJS.TypedArray, argument)
  if (types.isUint32Array(list) || types.isBigUint64Array(list)) return list
  return BigUint64Array.from(list as ArrayLike<bigint>, (name, i) => checkName(name, `${argument}[${i}]`))
}

function checkName(value: unknown, argument: string): bigint {
  if (typeof value === 'number') return BigInt(checkInteger(value, argument, 0, Number.MAX_SAFE_INTEGER))
  const allowed = 'a safe integer or a bigint in [0, 2^64)'
  if (typeof value !== 'bigint') throw argumentError('ERR_TYPE', argument, value, allowed)
  if (value >= 0n && value < 2n ** 64n) return value
  throw argumentError('ERR_RANGE', argument, value, allowed)
}

/** What is not as long as it has to be. */
export function checkLength(list: ArrayLike<unknown>, argument: string, length: number, each: string): void {
  if (list.length === length) return
  throw mismatch('ERR_SHAPE', argument, `a length of ${list.length}`, `${length} long, one for each ${each}`)
}

import { randomBytes } from 'node:crypto'
import { argumentError } from '../errors.js'

/**
 * A seed: a `bigint` in `[0, 2^64)`, a safe integer that is not negative, or a decimal string of either. JSON
 * carries seeds as strings, since it has no bigint and its numbers end at 2^53.
 */
export type Seed = bigint | number | string

const MAX_SEED = 2n ** 64n - 1n
const ALLOWED = 'a bigint, a safe integer or a decimal string in [0, 2^64)'

/** A seed in any of its forms as a bigint. */
export function checkSeed(value: unknown, argument = 'seed'): bigint {
  const seed = toBigInt(value, argument)
  if (seed < 0n || seed > MAX_SEED) throw argumentError('ERR_RANGE', argument, value, ALLOWED)
  return seed
}

/** A seed in any of its forms, or one drawn from the operating system where there is none. */
export function seedOrDrawn(value: unknown): bigint {
  return value === undefined ? randomBytes(8).readBigUInt64LE() : checkSeed(value)
}

function toBigInt(value: unknown, argument: string): bigint {
  switch (typeof value) {
    case 'bigint':
      return value
    case 'number':
      if (Number.isSafeInteger(value)) return BigInt(value)
      throw argumentError('ERR_RANGE', argument, value, ALLOWED)
    case 'string':
      if (/^[0-9]{1,20}$/.test(value)) return BigInt(value)
      throw argumentError('ERR_RANGE', argument, value, ALLOWED)
    default:
      throw argumentError('ERR_TYPE', argument, value, ALLOWED)
  }
}

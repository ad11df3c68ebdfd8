import { fileURLToPath } from 'node:url'
import { argumentError, DropoutError, type ErrorCode } from '../errors.js'
import { checkOptions } from '../validate/options.js'

/** The numbers that are allowed; both ends belong to it unless they are said to be open. */
export interface Range {
  readonly least?: number
  readonly most?: number
  /** Whether `least` itself is refused. */
  readonly above?: boolean
  /** Whether `most` itself is refused. */
  readonly below?: boolean
}

/** A finite number in a range. */
export function checkNumber(value: unknown, argument: string, range: Range = {}): number {
  if (typeof value !== 'number') throw argumentError('ERR_TYPE', argument, value, describeRange(range))
  const { least = -Infinity, most = Infinity, above = false, below = false } = range
  const inside = (above ? value > least : value >= least) && (below ? value < most : value <= most)
  if (!(inside && Number.isFinite(value)))
    throw argumentError('ERR_RANGE', argument, value, describeRange(range))
  return value
}

function describeRange({ least, most, above = false, below = false }: Range): string {
  if (least === undefined) return 'a finite number'
  if (most === undefined) return `a finite number ${above ? 'above' : 'of at least'} ${least}`
  return `a number in ${above ? '(' : '['}${least}, ${most}${below ? ')' : ']'}`
}

/** One of a few names. */
export function checkName<Name extends string>(
  value: unknown,
  argument: string,
  names: readonly Name[],
): Name {
  if (names.includes(value as Name)) return value as Name
  const allowed = `one of ${names.map((name) => `'${name}'`).join(', ')}`
  throw argumentError(typeof value === 'string' ? 'ERR_OPTION' : 'ERR_TYPE', argument, value, allowed)
}

/** A boolean. */
export function checkFlag(value: unknown, argument: string): boolean {
  if (typeof value !== 'boolean') throw argumentError('ERR_TYPE', argument, value, 'true or false')
  return value
}

/** A file's path; a `file:` URL becomes one. */
export function checkPath(value: unknown, argument: string): string {
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value)
  if (typeof value !== 'string' || value === '') {
    throw argumentError('ERR_TYPE', argument, value, 'a path that is not empty, or a file: URL')
  }
  return value
}

/** An argument error that says in words what it got: a length, a shape. */
export function mismatch(code: ErrorCode, argument: string, got: string, allowed: string): DropoutError {
  return new DropoutError(code, `\`${argument}\` must be ${allowed}; got ${got}`)
}

/** A function. */
export function checkFunction<T>(value: T, argument: string): T {
  if (typeof value !== 'function') throw argumentError('ERR_TYPE', argument, value, 'a function')
  return value
}

/** A list: an array or a typed array. */
export function checkList<T>(value: unknown, argument: string, allowed: string): ArrayLike<T> {
  if (!isList(value)) throw argumentError('ERR_TYPE', argument, value, allowed)
  return value as ArrayLike<T>
}

/** Whether a value is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** An object with these fields and no others; where it comes from, its type is still to be checked. */
export function checkFields<T>(
  value: unknown,
  argument: string,
  names: readonly (keyof T & string)[],
): { readonly [Name in keyof T]?: unknown } {
  checkOptions(value, new Set(names), argument)
  return value as { readonly [Name in keyof T]?: unknown }
}

/** What `check` makes of a value that may be absent. */
export function optional<T, Extra extends unknown[]>(
  value: unknown,
  argument: string,
  check: (value: unknown, argument: string, ...extra: Extra) => T,
  ...extra: Extra
): T | undefined {
  return value === undefined ? undefined : check(value, argument, ...extra)
}

/** A frozen object of the fields that are present, so that it is the same before and after JSON. */
export function record<T extends object>(fields: { [Name in keyof T]: T[Name] | undefined }): Readonly<T> {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.freeze(Object.fromEntries(present) as T)
}

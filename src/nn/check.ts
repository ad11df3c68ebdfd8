import { fileURLToPath } from 'node:url'
import { argumentError } from '../errors.js'
import { checkOptions } from '../validate/options.js'

/** A file's path; a `file:` URL becomes one. */
export function checkPath(value: unknown, argument: string): string {
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value)
  if (typeof value !== 'string' || value === '') {
    throw argumentError('ERR_TYPE', argument, value, 'a path that is not empty, or a file: URL')
  }
  return value
}

/** A function. */
export function checkFunction<T>(value: T, argument: string): T {
  if (typeof value !== 'function') throw argumentError('ERR_TYPE', argument, value, 'a function')
  return value
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

/**
 * The same for an object inside another one: `at` is what stands before a field's name in messages, nothing where
 * the field is an argument of a factory, `layers[2].` where it belongs to a layer in a list.
 */
export function checkPart<T>(value: unknown, at: string, names: readonly (keyof T & string)[]) {
  return checkFields<T>(value, at.replace(/\.$/, ''), names)
}

/** A frozen object of the fields that are present, so that it is the same before and after JSON. */
export function record<T extends object>(fields: { [Name in keyof T]: T[Name] | undefined }): Readonly<T> {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.freeze(Object.fromEntries(present) as T)
}

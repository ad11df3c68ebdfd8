import { argumentError, DropoutError, describe } from '../errors.js'

/** Refuses what is not an object and names that nobody knows: a misspelt option must not be ignored. */
export function checkOptions(options: unknown, known: ReadonlySet<string>, argument = 'options'): void {
  if (typeof options !== 'object' || options === null) {
    throw argumentError('ERR_TYPE', argument, options, 'an object')
  }
  for (const name in options) {
    if (!known.has(name)) throw unknownOption(name, known, argument)
  }
}

function unknownOption(name: string, known: ReadonlySet<string>, argument: string): DropoutError {
  const names = [...known].map((option) => `\`${option}\``).join(', ')
  return new DropoutError('ERR_OPTION', `\`${argument}\` has no ${describe(name)}; it may have ${names}`)
}

/** One of a few words, or `otherwise` where the value is undefined. */
export function checkWord<Word extends string>(
  value: unknown,
  argument: string,
  words: readonly Word[],
  otherwise?: Word,
): Word {
  if (value === undefined && otherwise !== undefined) return otherwise
  if (words.includes(value as Word)) return value as Word
  const allowed = `one of ${words.map((word) => `'${word}'`).join(', ')}`
  throw argumentError(typeof value === 'string' ? 'ERR_OPTION' : 'ERR_TYPE', argument, value, allowed)
}

/** A boolean, or `otherwise` where the value is undefined. */
export function checkBoolean(value: unknown, argument: string, otherwise?: boolean): boolean {
  if (value === undefined && otherwise !== undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw argumentError('ERR_TYPE', argument, value, 'true or false')
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

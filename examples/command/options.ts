/** A whole number of at least 1 from the command line. */
export function count(text: string, option: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`--${option} must be a whole number of at least 1; got ${text}`)
}

/** One of the words that an option knows. */
export function word<Word extends string>(text: string, option: string, words: readonly Word[]): Word {
  const known = words.find((each) => each === text)
  if (known !== undefined) return known
  throw new Error(`--${option} must be one of ${words.join(', ')}; got ${text}`)
}

/** A text as numbers: characters, and windows of them whose targets are the same characters one place later. */

/** Windows of a text, row by row, and the character that follows each of their characters. */
export interface Windows {
  readonly x: Float32Array
  readonly y: Uint16Array
}

/** The characters of a text, each with a number. */
export class Characters {
  readonly #all: readonly string[]
  readonly #numbers: ReadonlyMap<string, number>

  constructor(text: string) {
    this.#all = [...new Set(text)].sort()
    this.#numbers = new Map(this.#all.map((character, number) => [character, number]))
  }

  /** How many there are. */
  get count(): number {
    return this.#all.length
  }

  encode(text: string): Uint16Array {
    return Uint16Array.from(text, (character) => this.#numbers.get(character)!)
  }

  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.#all[number]!).join('')
  }
}

/** The windows of `steps` characters that lie side by side in a text; what is left at its end is not used. */
export function windows(text: Uint16Array, steps: number): Windows {
  const used = Math.floor((text.length - 1) / steps) * steps
  return { x: Float32Array.from(text.subarray(0, used)), y: text.subarray(1, used + 1) }
}

/**
 * The cross entropy, in nats for each character, of a text under the frequencies of another, each counted once more than
 * it occurs: what a model reaches that knows how often characters occur and nothing else.
 */
export function unigramLoss(train: Uint16Array, text: Uint16Array, count: number): number {
  const counts = new Float64Array(count).fill(1)
  for (const character of train) counts[character]! += 1
  let sum = 0
  for (const character of text) sum -= Math.log(counts[character]! / (train.length + count))
  return sum / text.length
}

import type { Output } from './output.js'

const DEFAULT_COLUMNS = 80

/** A line at the bottom of a terminal that is drawn again and again. */
export class RedrawnLine {
  readonly #output: Output
  readonly #interval: number
  readonly #now: () => number
  #drawn = -Infinity
  #isShown = false

  /** `interval` is the least time between two drawings, in milliseconds of the clock `now`. */
  constructor(output: Output, interval: number, now: () => number) {
    this.#output = output
    this.#interval = interval
    this.#now = now
  }

  /** Draws what `text` makes for the width, unless the last drawing is so young that nobody has read it. */
  draw(text: (columns: number) => string, { urgent = false } = {}): void {
    const now = this.#now()
    if (!urgent && now - this.#drawn < this.#interval) return
    this.#drawn = now
    this.#isShown = true
    this.#output.write(`\r${text(this.columns)}\x1b[K`)
  }

  /** Writes a line that stays; what is drawn then is drawn below it. */
  write(text: string): void {
    this.#output.write(`${this.#isShown ? '\r' : ''}${text}${this.#isShown ? '\x1b[K' : ''}\n`)
    this.#drawn = -Infinity
    this.#isShown = false
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) this.#output.write('\r\x1b[K')
    this.#isShown = false
  }

  /** The characters that fit: a line that wraps cannot be redrawn. */
  get columns(): number {
    return (this.#output.columns ?? DEFAULT_COLUMNS) - 1
  }
}

/** A bar of `width` characters, filled from 0 to 1. */
export function bar(done: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, done)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** Dots of a character cell: two columns of four, by the bit that switches each on in Unicode's braille block. */
const BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

const EMPTY = 0x2800

/** Colours one character. */
export type Paint = (character: string) => string

/** A grid of dots drawn as braille characters, two dots wide and four high each. */
export class BrailleCanvas {
  /** Width in dots. */
  readonly width: number
  /** Height in dots. */
  readonly height: number
  readonly #cells: Uint8Array
  readonly #paints: (Paint | undefined)[]

  /** A canvas of so many characters. */
  constructor(columns: number, rows: number) {
    this.width = columns * 2
    this.height = rows * 4
    this.#cells = new Uint8Array(columns * rows)
    this.#paints = new Array(columns * rows)
  }

  /** Switches a dot on; `x` from the left, `y` from the top. Dots outside are ignored. The last colour of a cell wins. */
  dot(x: number, y: number, paint?: Paint): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return
    const cell = (y >> 2) * (this.width >> 1) + (x >> 1)
    this.#cells[cell]! |= BITS[(x & 1) as 0 | 1][(y & 3) as 0 | 1 | 2 | 3]
    this.#paints[cell] = paint
  }

  /** The rows of characters, from the top. */
  lines(): string[] {
    const columns = this.width >> 1
    return Array.from({ length: this.height >> 2 }, (_, row) => {
      let line = ''
      for (let cell = row * columns; cell < (row + 1) * columns; cell++) {
        const dots = this.#cells[cell]!
        const character = dots === 0 ? ' ' : String.fromCodePoint(EMPTY + dots)
        line += dots === 0 ? character : (this.#paints[cell]?.(character) ?? character)
      }
      return line
    })
  }
}

import { createCipheriv, createHash } from 'node:crypto'

const BLOCK = 4096

/**
 * Random numbers that have nothing to do with the stream under test: AES-256 in counter mode, its key the hash of a
 * label and a seed. They choose where to look, and randomise p-values of counts.
 */
export class Random {
  readonly #cipher: ReturnType<typeof createCipheriv>
  #bytes = Buffer.alloc(0)
  #next = 0

  constructor(label: string, seed: bigint) {
    const key = createHash('sha256').update(`${label} ${seed}`).digest()
    this.#cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  }

  /** A whole number in `[0, 2^32)`. */
  word(): number {
    if (this.#next === this.#bytes.length) {
      this.#bytes = this.#cipher.update(Buffer.alloc(BLOCK))
      this.#next = 0
    }
    const word = this.#bytes.readUInt32LE(this.#next)
    this.#next += 4
    return word
  }

  /** A whole number below `2^bits`, small ones as often as large ones: of a random length. */
  anySize(bits: number): number {
    const length = this.word() % (bits + 1)
    return this.word() % 2 ** length
  }

  /** A number in (0, 1). */
  uniform(): number {
    return (this.word() + 0.5) / 2 ** 32
  }
}

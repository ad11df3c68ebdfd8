import { DropoutError } from '../errors.js'
import { checkInteger, MAX_SITE, MAX_WORD } from '../validate/number.js'
import { checkOptions } from '../validate/options.js'
import { checkSeed, type Seed, seedOrDrawn } from '../validate/seed.js'
import { Mask } from './mask.js'
import { checkStreamVersion, STREAM_VERSION } from './recipe.js'

/** Where a {@link MaskStream} starts. */
export interface MaskStreamOptions {
  /**
   * The seed of all masks.
   *
   * @default drawn from the operating system; read it from {@link MaskStream.seed}
   * @example 42n
   */
  seed?: Seed | undefined
  /**
   * The first step, in `[0, 2^32)`.
   *
   * @default 0
   */
  step?: number | undefined
}

/** A {@link MaskStream} as JSON writes it. */
export interface MaskStreamJSON {
  streamVersion: number
  seed: string
  step: number
  site: number
}

/** What a mask of a stream needs. */
export interface StreamMaskOptions {
  /** The drop probability, in `[0, 1]`. */
  rate: number
  /** The identity of a single row. @default 0 */
  sample?: number | undefined
}

/** Which random bits the next mask of a {@link MaskStream} has. */
export interface MaskSource {
  /** The seed of the stream. */
  seed: bigint
  /** Its current step. */
  step: number
  /** The next site. */
  site: number
}

const STREAM = new Set(['seed', 'step'])
const STREAM_JSON = new Set(['streamVersion', 'seed', 'step', 'site'])
const MASK = new Set(['rate', 'sample'])

/**
 * Hands out masks that never repeat: each takes the next site of its step, and {@link MaskStream.advance} goes to
 * the next step. Its state is three numbers, so it can be saved in mid-training and restored.
 *
 * @example
 * const stream = new MaskStream({ seed: 42n })
 * for (const batch of batches) {
 *   const first = stream.mask({ rate: 0.2 }) // site 0
 *   const second = stream.mask({ rate: 0.5 }) // site 1
 *   stream.advance() // the next step starts at site 0 again
 * }
 */
export class MaskStream {
  /** The seed of all masks. */
  readonly seed: bigint
  #step: number
  #site = 0

  /** @throws {DropoutError} `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`. */
  constructor(options: MaskStreamOptions = {}) {
    checkOptions(options, STREAM)
    this.seed = seedOrDrawn(options.seed)
    this.#step = checkInteger(options.step, 'step', 0, MAX_WORD, 0)
  }

  /**
   * The stream that {@link MaskStream.toJSON} wrote, at the place where it stood.
   *
   * @throws {DropoutError} `ERR_VERSION`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION`.
   */
  static from(written: MaskStreamJSON): MaskStream {
    checkOptions(written, STREAM_JSON, 'stream')
    const { streamVersion, seed, step, site } = written
    checkStreamVersion(streamVersion)
    const stream = new MaskStream({ seed: checkSeed(seed), step })
    stream.#site = checkInteger(site, 'site', 0, MAX_SITE + 1)
    return stream
  }

  /** The current step. */
  get step(): number {
    return this.#step
  }

  /** The site that the next mask takes. */
  get site(): number {
    return this.#site
  }

  /**
   * The mask at the next site of the current step.
   *
   * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE` (a step has 65536 sites), `ERR_TYPE`, `ERR_OPTION`.
   */
  mask(options: StreamMaskOptions): Mask {
    checkOptions(options, MASK)
    const mask = Mask.from({ ...this.#source(), rate: options.rate, sample: options.sample })
    this.#site += 1
    return mask
  }

  /**
   * The seed, the step and the next site: what a mask with a structure needs besides its own options.
   *
   * @throws {DropoutError} `ERR_RANGE` (a step has 65536 sites).
   * @example
   * mask.block({ ...stream.next(), rate: 0.1, blockSize: 7, shape: [32, 28, 28, 64], layout: 'NHWC' })
   */
  next(): MaskSource {
    const source = this.#source()
    this.#site += 1
    return source
  }

  #source(): MaskSource {
    const site = checkInteger(this.#site, 'site', 0, MAX_SITE)
    return { seed: this.seed, step: this.#step, site }
  }

  /**
   * Goes on by `steps` (1), at least 1, and starts the sites again.
   *
   * @throws {DropoutError} `ERR_RANGE` past step 2^32 - 1, `ERR_TYPE`.
   */
  advance(steps = 1): this {
    if (this.#step === MAX_WORD) {
      throw new DropoutError(
        'ERR_RANGE',
        `step ${MAX_WORD} is the last one: go on with a stream of another seed`,
      )
    }
    this.#step += checkInteger(steps, 'steps', 1, MAX_WORD - this.#step)
    this.#site = 0
    return this
  }

  /** The whole state; {@link MaskStream.from} reads it. */
  toJSON(): MaskStreamJSON {
    return { streamVersion: STREAM_VERSION, seed: this.seed.toString(), step: this.#step, site: this.#site }
  }
}

import type { BatchEvent, EpochEvent } from './history.js'

/** A place in a run at some time. */
interface Mark {
  readonly time: number
  readonly at: number
}

/** How fast a training is and how far it has come, by its events. Not every batch has one. */
export class Pace {
  readonly #now: () => number
  #epochs = 1
  #epoch = 0
  /** Batches of an epoch, or the most that were seen. */
  #batches: number | undefined
  #seen = 0
  #runMark: Mark | undefined
  #epochMark: Mark | undefined
  #done: number | undefined
  #left: number | undefined
  #rate: number | undefined

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The part of the epoch that is done; undefined where its length is not known. */
  get done(): number | undefined {
    return this.#done
  }

  /** Seconds until the run ends, if it goes on like this. */
  get left(): number | undefined {
    return this.#left
  }

  /** Rows learnt in a second of this epoch, or of the last one that had a measure. */
  get rate(): number | undefined {
    return this.#rate
  }

  begin(epochs: number): void {
    this.#epochs = epochs
  }

  /** Takes in a batch; false if its epoch has ended, for events may overtake each other. */
  batch({ epoch, batch, batches, rows }: BatchEvent): boolean {
    this.#seen = Math.max(this.#seen, batch + 1)
    if (epoch < this.#epoch) return false
    this.#epoch = epoch
    const time = this.#now() / 1000
    this.#batches = batches ?? this.#batches
    this.#epochMark ??= { time, at: rows }
    if (time > this.#epochMark.time) this.#rate = (rows - this.#epochMark.at) / (time - this.#epochMark.time)
    this.#done = this.#batches === undefined ? undefined : Math.min(1, (batch + 1) / this.#batches)
    if (this.#done !== undefined) this.#left = this.#leftAt({ time, at: epoch + this.#done })
    return true
  }

  /** Takes in the end of an epoch; returns its rows a second. */
  epoch({ epoch }: EpochEvent): number | undefined {
    this.#epoch = epoch + 1
    this.#epochMark = undefined
    // A source has said how long its epochs are when the first one is over.
    if (this.#seen > 0) this.#batches ??= this.#seen
    return this.#rate
  }

  #leftAt(here: Mark): number | undefined {
    this.#runMark ??= here
    const passed = here.at - this.#runMark.at
    return passed > 0 ? ((this.#epochs - here.at) * (here.time - this.#runMark.time)) / passed : undefined
  }
}

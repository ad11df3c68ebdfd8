import { DropoutError, describe, fromNative, mismatch } from '../errors.js'
import type { Control, NativeData } from '../native/binding.js'
import { type BatchIterator, type BatchSource, iterate, type Reading } from './batches.js'
import { checkDataset, type DataShape } from './data.js'

/** How long an aborted run waits for a source that is in the middle of something, in milliseconds. */
const PATIENCE = 1000

/** What a training thread asks for: the batches of an epoch, then one after another. */
type Ask =
  | {
      readonly type: 'epoch'
      readonly of: 'train' | 'validation'
      readonly epoch: number
      readonly skip: number
    }
  | { readonly type: 'batch' }

/** What a run is fed from, and how. */
export interface FeedOptions {
  readonly train: NativeData | BatchSource
  readonly validation: NativeData | BatchSource | undefined
  readonly reading: Reading
}

/**
 * Feeds a training thread with batches from sources in JavaScript. Never more than `prefetch` batches are read that the
 * thread has not asked for, so that reading goes on while a step runs and no faster than steps are done.
 */
export class Feed {
  readonly #control: Control
  readonly #options: FeedOptions
  #epoch: EpochFeed | undefined
  #isClosed = false

  constructor(control: Control, options: FeedOptions) {
    this.#control = control
    this.#options = options
  }

  /** Why the source failed, if it did. */
  get failure(): DropoutError | undefined {
    return this.#epoch?.failure
  }

  /** Answers the thread, which passes its questions as JSON. */
  answer(json: string): void {
    // The last questions may still be on their way when the run has ended.
    if (this.#isClosed) return
    const ask = JSON.parse(json) as Ask
    if (ask.type === 'epoch') this.#epoch = this.#begin(ask)
    else this.#epoch?.want()
  }

  /** Ends the iteration that is under way: the `finally` blocks of a generator run. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#epoch?.close()
  }

  #begin({ of, epoch, skip }: Ask & { readonly type: 'epoch' }): EpochFeed {
    const { batchesPerEpoch, prefetch, model } = this.#options.reading
    const isTrain = of === 'train'
    return new EpochFeed(this.#control, {
      source: this.#options[of] as BatchSource,
      of,
      name: isTrain ? `epochs[${epoch}]` : 'validation',
      epoch,
      skip,
      prefetch,
      end: isTrain ? batchesPerEpoch : Infinity,
      model,
    })
  }
}

interface EpochOptions {
  readonly source: BatchSource
  readonly of: 'train' | 'validation'
  /** The name of the epoch in messages. */
  readonly name: string
  readonly epoch: number
  readonly skip: number
  readonly prefetch: number
  /** The number of the batch that is not wanted any more. */
  readonly end: number
  readonly model: DataShape
}

/** One epoch of one source. */
class EpochFeed {
  readonly #control: Control
  readonly #options: EpochOptions
  #iterator: BatchIterator | undefined
  /** The number of the next batch to read, and of the first one that there is no room for. */
  #next: number
  #room: number
  #isReading = false
  #isOver = false
  #returned: Promise<void> | undefined
  #failure: DropoutError | undefined

  constructor(control: Control, options: EpochOptions) {
    this.#control = control
    this.#options = options
    this.#next = options.skip
    this.#room = options.skip + options.prefetch
    void this.#read()
  }

  get failure(): DropoutError | undefined {
    return this.#failure
  }

  /** The thread takes a batch. */
  want(): void {
    this.#room++
    void this.#read()
  }

  async close(): Promise<void> {
    const returned = this.#return()
    // A generator runs its `finally` blocks when what it waits for has come, which may be never.
    await (this.#isReading ? atMost(PATIENCE, returned) : returned)
  }

  /** Reads batches while there is room. */
  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    while (!this.#isOver && this.#next < this.#room) await this.#readOne()
    this.#isReading = false
  }

  async #readOne(): Promise<void> {
    const batch = `${this.#options.name}.batches[${this.#next}]`
    let result: IteratorResult<unknown>
    try {
      this.#iterator ??= this.#open()
      if (!this.#iterator) return
      result = await this.#advance(this.#iterator)
    } catch (error) {
      this.#fail(sourceError(error, batch))
      return
    }
    if (this.#isOver) return
    if (result.done) {
      this.#isOver = true
      this.#control.endEpoch()
      return
    }
    try {
      this.#control.give(checkDataset(result.value, batch, this.#options.model))
      this.#next++
    } catch (error) {
      this.#fail(fromNative(error))
      this.#returned = this.#iterator.return().catch(() => undefined)
    }
  }

  #open(): BatchIterator | undefined {
    const { source, of, epoch, skip } = this.#options
    const returned = source(epoch, skip)
    const iterator = iterate(returned)
    if (!iterator) {
      const allowed =
        'a function that returns batches to iterate over, for instance an async generator function'
      this.#fail(mismatch('ERR_TYPE', of, `one that returns ${describe(returned)}`, allowed))
    }
    return iterator
  }

  async #advance(iterator: BatchIterator): Promise<IteratorResult<unknown>> {
    if (this.#next < this.#options.end) return iterator.next()
    await iterator.return()
    return { done: true, value: undefined }
  }

  /** Ends the iteration before its end, once. What it throws then is of no account: the run ends for another reason. */
  #return(): Promise<void> {
    this.#returned ??= this.#isOver ? Promise.resolve() : this.#iterator?.return().catch(() => undefined)
    this.#isOver = true
    return this.#returned ?? Promise.resolve()
  }

  /** The thread finds that there is no next batch when it has learnt all that were given before. */
  #fail(error: DropoutError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = error
    this.#control.failEpoch()
  }
}

/** What a source threw, in an error of this library that says where. */
function sourceError(cause: unknown, batch: string): DropoutError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DropoutError('ERR_SOURCE', `\`${batch}\` could not be read from its source: ${reason}`, {
    cause,
  })
}

/** Waits for a promise, but not for ever. */
async function atMost(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}

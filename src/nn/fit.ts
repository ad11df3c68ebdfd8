import { DropoutError, type ErrorCode, fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import { asksToStop, type FitRequest } from './fitOptions.js'
import { type BatchEvent, type EpochEvent, type History, NO_HISTORY } from './history.js'
import { aborted, whileListening } from './running.js'

/** How a run ended: its course and, where it did not end by itself, why. */
interface Outcome {
  readonly history: History
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** Trains a model on a native thread; the event loop is needed for the callbacks only. */
export async function runFit(model: NativeModel, control: Control, request: FitRequest): Promise<History> {
  const { signal, options, train, validation } = request
  if (signal?.aborted) throw aborted(signal, 'training was aborted before it began', NO_HISTORY)
  const callbacks = new Callbacks(request, control)
  const { history, error } = await whileListening(
    signal,
    () => control.stop(),
    async () => {
      const { onEpoch, onBatch } = callbacks
      try {
        return JSON.parse(await model.fit(control, options, train, validation, onEpoch, onBatch)) as Outcome
      } catch (error) {
        throw fromNative(error)
      } finally {
        callbacks.end()
      }
    },
  )
  if (error === undefined) return history
  if (error.code === 'ERR_ABORTED') throw aborted(signal, error.message, history)
  throw new DropoutError(error.code, error.message)
}

/** The user's callbacks as the native thread calls them: with JSON, and never throwing. */
class Callbacks {
  readonly onEpoch: ((event: string) => void) | undefined
  readonly onBatch: ((event: string) => void) | undefined
  readonly #control: Control
  #thrown: { readonly error: unknown } | undefined
  #ended = false

  constructor({ onEpoch, onBatch }: FitRequest, control: Control) {
    this.#control = control
    this.onEpoch = onEpoch && ((event) => void this.#answer(onEpoch, JSON.parse(event)))
    this.onBatch = onBatch && ((event) => this.#tell(onBatch, JSON.parse(event)))
  }

  /** No event is passed on any more. Throws what a callback threw. */
  end(): void {
    this.#ended = true
    if (this.#thrown) throw this.#thrown.error
  }

  async #answer(onEpoch: NonNullable<FitRequest['onEpoch']>, event: EpochEvent): Promise<void> {
    let stop = false
    try {
      stop = asksToStop(await onEpoch(event))
    } catch (error) {
      this.#stopBecause(error)
    }
    this.#control.answer(stop)
  }

  #tell(onBatch: NonNullable<FitRequest['onBatch']>, event: BatchEvent): void {
    // The last event may be on its way when the run ends.
    if (this.#ended) return
    try {
      onBatch(event)
    } catch (error) {
      this.#stopBecause(error)
    }
  }

  #stopBecause(error: unknown): void {
    this.#thrown ??= { error }
    this.#control.stop()
  }
}

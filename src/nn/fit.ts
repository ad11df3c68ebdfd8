import { DropoutError, type ErrorCode, fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import { Callbacks } from './callbacks.js'
import { type FitRequest, readAnswer } from './fitOptions.js'
import { type BatchEvent, type EpochEvent, type History, NO_HISTORY } from './history.js'
import { aborted, whileListening } from './running.js'

/** How a run ended: its course and, where it did not end by itself, why. */
interface Outcome {
  readonly history: History
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** Trains a model on a native thread; the event loop is needed for the callbacks only. */
export async function runFit(model: NativeModel, control: Control, request: FitRequest): Promise<History> {
  const { signal, options, train, validation, onEpoch, onBatch } = request
  if (signal?.aborted) throw aborted(signal, 'training was aborted before it began', NO_HISTORY)
  const callbacks = new Callbacks(control)
  // The native thread passes events as JSON.
  const epochEnded =
    onEpoch && ((event: string) => void answer(onEpoch, JSON.parse(event), control, callbacks))
  const batchLearnt = onBatch && ((event: string) => callbacks.tell(onBatch, JSON.parse(event) as BatchEvent))
  const { history, error } = await whileListening(
    signal,
    () => control.stop(),
    async () => {
      try {
        const outcome = await model.fit(control, options, train, validation, epochEnded, batchLearnt)
        return JSON.parse(outcome) as Outcome
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

/** Asks `onEpoch` and passes its answer on; whatever happens, the training thread gets one. */
async function answer(
  onEpoch: NonNullable<FitRequest['onEpoch']>,
  event: EpochEvent,
  control: Control,
  callbacks: Callbacks,
): Promise<void> {
  let said: ReturnType<typeof readAnswer> = { stop: false, rates: undefined }
  try {
    said = readAnswer(await onEpoch(event))
  } catch (error) {
    callbacks.stopBecause(error)
  }
  control.answer(said.stop, said.rates)
}

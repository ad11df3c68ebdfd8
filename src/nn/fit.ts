import { DropoutError, type ErrorCode, fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import { isSource } from './batches.js'
import { Callbacks } from './callbacks.js'
import { Feed } from './feed.js'
import { type FitRequest, readAnswer } from './fitOptions.js'
import { type BatchEvent, type EpochEvent, type History, NO_HISTORY } from './history.js'
import { quiet, type Reporter } from './reporter.js'
import { aborted, whileListening } from './running.js'

/** How a run ended: its course and, where it did not end by itself, why. */
interface Outcome {
  readonly history: History
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** Trains a model on a native thread; the event loop is needed for callbacks and for data that comes batch by batch. */
export async function runFit(model: NativeModel, control: Control, request: FitRequest): Promise<History> {
  const { signal, reporter, epochs } = request
  if (signal?.aborted) throw aborted(signal, 'training was aborted before it began', NO_HISTORY)
  const report = reporter && quiet(reporter)
  const stop = () => control.stop()
  report?.onBegin({ epochs })
  try {
    const { history, error } = await whileListening(signal, stop, () => run(model, control, request, report))
    if (error === undefined) return history
    if (error.code === 'ERR_ABORTED') throw aborted(signal, error.message, history)
    throw new DropoutError(error.code, error.message)
  } finally {
    report?.onEnd()
  }
}

async function run(
  model: NativeModel,
  control: Control,
  request: FitRequest,
  report: Required<Reporter> | undefined,
): Promise<Outcome> {
  const { options, train, validation, onEpoch, onBatch } = request
  const callbacks = new Callbacks(control)
  const feed = new Feed(control, request)
  // The native thread passes events as JSON.
  const epochEnded = (json: string) => {
    const event = JSON.parse(json) as EpochEvent
    report?.onEpoch(event)
    void answer(onEpoch, event, control, callbacks)
  }
  const batchLearnt = (json: string) => {
    const event = JSON.parse(json) as BatchEvent
    report?.onBatch(event)
    if (onBatch) callbacks.tell(onBatch, event)
  }
  try {
    const outcome = await model.fit(
      control,
      options,
      isSource(train) ? undefined : train,
      isSource(validation) ? undefined : validation,
      onEpoch || report ? epochEnded : undefined,
      onBatch || report ? batchLearnt : undefined,
      isSource(train) || isSource(validation) ? (ask: string) => feed.answer(ask) : undefined,
      isSource(validation),
    )
    const { error, ...rest } = JSON.parse(outcome) as Outcome
    if (error?.code === 'ERR_SOURCE' && feed.failure) throw feed.failure
    return { ...rest, ...(error && { error }) }
  } catch (error) {
    throw fromNative(error)
  } finally {
    try {
      callbacks.end()
    } finally {
      await feed.close()
    }
  }
}

/** Asks `onEpoch` and passes its answer on; whatever happens, the training thread gets one. */
async function answer(
  onEpoch: FitRequest['onEpoch'],
  event: EpochEvent,
  control: Control,
  callbacks: Callbacks,
): Promise<void> {
  let said: ReturnType<typeof readAnswer> = { stop: false, rates: undefined }
  try {
    said = readAnswer(await onEpoch?.(event))
  } catch (error) {
    callbacks.stopBecause(error)
  }
  control.answer(said.stop, said.rates)
}

import { fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import { Callbacks } from './callbacks.js'
import type { MonteCarloPrediction, MonteCarloRequest } from './monteCarlo.js'
import { aborted, whileListening } from './running.js'

/** Runs the passes of `predictMonteCarlo` on native threads. */
export async function sample(
  model: NativeModel,
  control: Control,
  { x, ids, lengths, options, signal, onProgress }: MonteCarloRequest,
): Promise<MonteCarloPrediction> {
  if (signal?.aborted) throw aborted(signal, 'the passes were aborted before they began', undefined)
  const callbacks = new Callbacks(control)
  let told = 0
  const tell = (done: number): void => {
    if (!onProgress || done <= told) return
    told = done
    callbacks.tell(onProgress, done)
  }
  return whileListening(
    signal,
    () => control.stop(),
    async () => {
      try {
        const progress = onProgress && tell
        const prediction = await model.predictMonteCarlo(
          control,
          x.values,
          x.rows,
          ids,
          lengths,
          options,
          progress,
        )
        // The last event may be overtaken by the result.
        tell(1)
        return prediction
      } catch (error) {
        const failure = fromNative(error)
        throw failure.code === 'ERR_ABORTED' ? aborted(signal, 'the passes were aborted', undefined) : failure
      } finally {
        callbacks.end()
      }
    },
  )
}

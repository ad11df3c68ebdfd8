import { fromNative } from '../errors.js'
import type { Control, NativeModel } from '../native/binding.js'
import type { MonteCarloPrediction, MonteCarloRequest } from './monteCarlo.js'
import { aborted, whileListening } from './running.js'

/** Runs the passes of `predictMonteCarlo` on native threads. */
export async function sample(
  model: NativeModel,
  control: Control,
  { x, ids, options, signal, onProgress }: MonteCarloRequest,
): Promise<MonteCarloPrediction> {
  if (signal?.aborted) throw aborted(signal, 'the passes were aborted before they began', undefined)
  let thrown: { readonly error: unknown } | undefined
  const tell =
    onProgress &&
    ((done: number) => {
      try {
        onProgress(done)
      } catch (error) {
        thrown ??= { error }
        control.stop()
      }
    })
  return whileListening(
    signal,
    () => control.stop(),
    async () => {
      try {
        return await model.predictMonteCarlo(control, x.values, x.rows, ids, options, tell)
      } catch (error) {
        if (thrown) throw thrown.error
        const failure = fromNative(error)
        throw failure.code === 'ERR_ABORTED' ? aborted(signal, 'the passes were aborted', undefined) : failure
      }
    },
  )
}

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { dropoutModel } from '../onnx/dropoutModel.js'
import { type ElementSize, type Rival, ramp } from '../workload.js'

/**
 * onnxruntime runs dropout in training mode, but its package has no gradient operators and no trainer, so it has no
 * backward pass and no training step here.
 */
export function onnxruntime(threads: number): Rival {
  return {
    name: 'onnxruntime-node',

    async dropout(size) {
      const { session, x } = await open(size, threads)
      const run = async () => (await session.run({ x }))['y']!
      return { run, result: async () => (await run()).data as Float32Array, dispose: () => session.release() }
    },

    async dropoutInto(size) {
      const { session, x } = await open(size, threads)
      const memory = new Float32Array(size.elements)
      const y = new Tensor('float32', memory, [size.elements])
      const run = () => session.run({ x }, { y })
      const result = async () => {
        await run()
        return memory
      }
      return { run, result, dispose: () => session.release() }
    },
  }
}

async function open({ elements, rate }: ElementSize, threads: number) {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1 }
  const session = await InferenceSession.create(dropoutModel({ elements, rate, seed: 7 }), options)
  return { session, x: new Tensor('float32', ramp(elements), [elements]) }
}

import * as tf from '@tensorflow/tfjs'
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm'
import { type ElementSize, type KernelSize, type Rival, ramp, sizeOf, type Workload } from '../workload.js'
import { prepareTraining } from './tensorflowModels.js'

/**
 * TensorFlow.js by its lowest-cost calls: tensors stay inside the back end, no result is read back, and a training step
 * is `optimizer.minimize` over the layers' own forward pass rather than `model.fit` with its bookkeeping.
 */
export function tensorflow(backend: 'cpu' | 'wasm', threads: number): Rival {
  return {
    name: `tfjs ${backend}`,
    dropout: (size) => elementDropout(backend, threads, size),
    dropoutAndBackward: (size) => elementDropoutAndBackward(backend, threads, size),
    kernel: (size) => noiseShape(backend, threads, size),
    // The wasm back end has no gradients of convolutions.
    trainingStep: (size) =>
      backend === 'wasm' && size.model === 'convolutional'
        ? undefined
        : use(backend, threads).then(() => prepareTraining(size)),
  }
}

async function use(backend: string, threads: number): Promise<void> {
  if (backend === 'wasm') setThreadsCount(threads)
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not start its ${backend} back end`)
  await tf.ready()
}

async function elementDropout(
  backend: string,
  threads: number,
  { elements, rate }: ElementSize,
): Promise<Workload> {
  await use(backend, threads)
  const x = tf.tensor1d(ramp(elements))
  return {
    run: () => tf.dropout(x, rate).dispose(),
    result: () => read(() => tf.dropout(x, rate)),
    dispose: () => x.dispose(),
  }
}

async function elementDropoutAndBackward(
  backend: string,
  threads: number,
  { elements, rate }: ElementSize,
): Promise<Workload> {
  await use(backend, threads)
  const x = tf.tensor1d(ramp(elements))
  const dy = tf.tensor1d(ramp(elements))
  const gradient = tf.grad((input: tf.Tensor) => tf.dropout(input, rate))
  return {
    run: () => gradient(x, dy).dispose(),
    result: () => read(() => gradient(x, dy)),
    dispose: () => tf.dispose([x, dy]),
  }
}

/** `tf.dropout` with a noise shape, for the kinds that are one; tfjs draws it and multiplies. */
function noiseShape(
  backend: string,
  threads: number,
  { kind, shape, rate }: KernelSize,
): Promise<Workload> | undefined {
  const [rows, first] = shape as [number, number]
  const noise = {
    element: shape,
    attentionWeights: shape,
    channel: [rows, first, 1, 1],
    sequence: [rows, 1, shape.at(-1)!],
    dropPath: [rows, ...shape.slice(1).map(() => 1)],
  }[kind] as number[] | undefined
  if (noise === undefined) return undefined
  const prepare = async (): Promise<Workload> => {
    await use(backend, threads)
    const x = tf.tensor(ramp(sizeOf(shape)), [...shape])
    return {
      run: () => tf.dropout(x, rate, noise).dispose(),
      result: () => read(() => tf.dropout(x, rate, noise)),
      dispose: () => x.dispose(),
    }
  }
  return prepare()
}

function read(compute: () => tf.Tensor): ArrayLike<number> {
  return tf.tidy(() => compute().dataSync())
}

import {
  dropout as drop,
  dropoutBackward,
  scaledDotProductAttention,
  scaledDotProductAttentionBackward,
} from '../../dist/index.js'
import { type Rival, ramp, sizeOf } from '../workload.js'
import { kernels } from './invertedDropoutKernels.js'
import { trainingStep } from './invertedDropoutModels.js'

const SEED = 7n

export const invertedDropout: Rival = {
  name: 'inverted-dropout',

  dropout({ elements, rate }) {
    const x = ramp(elements)
    const run = () => drop(x, { rate, seed: SEED })
    return { run, result: run }
  },

  dropoutInto({ elements, rate }) {
    const x = ramp(elements)
    const out = new Float32Array(elements)
    const run = () => drop(x, { rate, seed: SEED, out })
    return { run, result: run }
  },

  dropoutAndBackward({ elements, rate }) {
    const x = ramp(elements)
    const dy = ramp(elements)
    const run = () => {
      drop(x, { rate, seed: SEED })
      return dropoutBackward(dy, { rate, seed: SEED })
    }
    return { run, result: run }
  },

  kernel(size) {
    const run = kernels[size.kind]?.(size)
    return run && { run, result: run }
  },

  attention({ shape, rate }) {
    const [q, k, v] = [0, 1, 2].map(() => ramp(sizeOf(shape))) as [Float32Array, Float32Array, Float32Array]
    const run = () => scaledDotProductAttention(q, k, v, { shape, rate, seed: SEED }).y
    return { run, result: run }
  },

  attentionAndBackward({ shape, rate }) {
    const arrays = [0, 1, 2, 3].map(() => ramp(sizeOf(shape)))
    const [q, k, v, dy] = arrays as [Float32Array, Float32Array, Float32Array, Float32Array]
    const options = { shape, rate, seed: SEED }
    const run = () => {
      const { y, logSumExp } = scaledDotProductAttention(q, k, v, options)
      return scaledDotProductAttentionBackward(dy, { ...options, q, k, v, y, logSumExp }).dq
    }
    return { run, result: run }
  },

  trainingStep,
}

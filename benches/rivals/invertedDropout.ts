import {
  dropout as drop,
  dropoutBackward,
  scaledDotProductAttention,
  scaledDotProductAttentionBackward,
} from '../../dist/index.js'
import { dense, dropout, sequential, sgd } from '../../dist/nn/index.js'
import { type Rival, ramp, sizeOf } from '../workload.js'
import { kernels } from './invertedDropoutKernels.js'

const SEED = 7n

/** Steps in one call of `fit`, so that starting it is spread as it is in use. */
const STEPS_PER_RUN = 40

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

  trainingStep({ widths, batch, rate }) {
    const features = widths[0]!
    const classes = widths.at(-1)!
    const hidden = widths
      .slice(1, -1)
      .flatMap((units) => [dense(units, { activation: 'relu' }), dropout(rate)])
    const model = sequential({
      input: [features],
      output: 'softmax',
      seed: SEED,
      layers: [...hidden, dense(classes)],
    })
    const rows = batch * STEPS_PER_RUN
    const x = Float32Array.from({ length: rows * features }, Math.random)
    const y = Int32Array.from({ length: rows }, (_, row) => row % classes)
    const options = {
      loss: 'crossEntropy',
      optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
      epochs: 1,
      batchSize: batch,
      metrics: [],
    } as const
    return {
      stepsPerRun: STEPS_PER_RUN,
      run: () => model.fit({ x, y }, options),
      result: () => model.predict(x.subarray(0, batch * features), { logits: true }),
    }
  },
}

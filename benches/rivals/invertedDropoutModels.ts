import {
  adam,
  conv2d,
  dense,
  dropBlock,
  dropout,
  flatten,
  globalAveragePool,
  type Layer,
  lstm,
  maxPool2d,
  sequential,
  sgd,
  spatialDropout,
  transformerBlock,
} from '../../dist/nn/index.js'
import { sizeOf, type TrainingSize, type TrainingWorkload } from '../workload.js'

/** Steps in one call of `fit`, so that starting it is spread as it is in use. */
const STEPS_PER_RUN = 40

export function trainingStep(size: TrainingSize): TrainingWorkload {
  const { batch } = size
  const { input, layers } = models[size.model](size)
  const model = sequential({ input, output: 'softmax', seed: 7n, layers })
  const rows = batch * STEPS_PER_RUN
  const classes = size.widths?.at(-1) ?? 10
  const x = Float32Array.from({ length: rows * sizeOf(input) }, Math.random)
  const y = Int32Array.from({ length: rows }, (_, row) => row % classes)
  const optimizer =
    size.optimizer === 'adam' ? adam({ learningRate: 0.001 }) : sgd({ learningRate: 0.01, momentum: 0.9 })
  const options = { loss: 'crossEntropy', optimizer, epochs: 1, batchSize: batch, metrics: [] } as const
  return {
    stepsPerRun: STEPS_PER_RUN,
    run: () => model.fit({ x, y }, options),
    result: () => model.predict(x.subarray(0, batch * sizeOf(input)), { logits: true }),
  }
}

type Definition = { input: number[]; layers: Layer[] }

const models: Record<TrainingSize['model'], (size: TrainingSize) => Definition> = {
  perceptron({ widths = [], rate, share }) {
    const hidden = widths
      .slice(1, -1)
      .flatMap((units) => [dense(units, { activation: 'relu' }), dropout(rate, { share })])
    return { input: [widths[0]!], layers: [...hidden, dense(widths.at(-1)!)] }
  },

  convolutional({ rate, mask }) {
    const layers = [
      conv2d(16, 3, { activation: 'relu' }),
      conv2d(32, 3, { activation: 'relu' }),
      maxPool2d(2),
      mask === 'block' ? dropBlock(rate, 3) : spatialDropout(rate),
      flatten(),
      dense(128, { activation: 'relu' }),
      dense(10),
    ]
    return { input: [28, 28, 1], layers }
  },

  lstm({ rate }) {
    const perSequence = { rate, mask: 'sequence' } as const
    const options = { returnSequences: false, inputDropout: perSequence, outputDropout: perSequence }
    const layers = [lstm(128, options), dense(10)]
    return { input: [64, 64], layers }
  },

  transformer({ rate }) {
    const block = transformerBlock(4, 512, { dropout: rate, attentionDropout: rate, activation: 'gelu' })
    return { input: [128, 128], layers: [block, globalAveragePool(), dense(10)] }
  },
}

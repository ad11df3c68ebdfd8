import * as tf from '@tensorflow/tfjs'
import type { TrainingSize, TrainingWorkload } from '../workload.js'

/** A model's forward pass with dropout, for a batch, and the shape of a row. */
interface Definition {
  readonly shape: readonly number[]
  readonly forward: (x: tf.Tensor) => tf.Tensor
  readonly dispose: () => void
}

/** Steps by `optimizer.minimize` over a forward pass; the back end is the one in use. */
export function prepareTraining(size: TrainingSize): TrainingWorkload {
  const { batch } = size
  const { shape, forward, dispose } = models[size.model](size)
  const classes = size.widths?.at(-1) ?? 10
  const x = tf.randomUniform([batch, ...shape])
  const labels = Array.from({ length: batch }, (_, row) => row % classes)
  const y = tf.oneHot(labels, classes).toFloat()
  const optimizer = size.optimizer === 'adam' ? tf.train.adam(0.001) : tf.train.momentum(0.01, 0.9)
  const loss = () => tf.losses.softmaxCrossEntropy(y, forward(x)) as tf.Scalar
  return {
    stepsPerRun: 1,
    run: () => {
      tf.tidy(() => {
        optimizer.minimize(loss)
      })
    },
    result: () => tf.tidy(() => forward(x).dataSync()),
    dispose: () => {
      tf.dispose([x, y])
      optimizer.dispose()
      dispose()
    },
  }
}

function sequential(shape: readonly number[], layers: readonly tf.layers.Layer[]): Definition {
  const model = tf.sequential()
  for (const layer of layers) model.add(layer)
  return {
    shape,
    forward: (x) => model.apply(x, { training: true }) as tf.Tensor,
    dispose: () => model.dispose(),
  }
}

const models: Record<TrainingSize['model'], (size: TrainingSize) => Definition> = {
  perceptron({ widths = [], rate }) {
    const layers = widths.slice(1).flatMap((units, index) => {
      const inputShape = [widths[index]!]
      if (index === widths.length - 2) return [tf.layers.dense({ units, inputShape })]
      return [tf.layers.dense({ units, inputShape, activation: 'relu' }), tf.layers.dropout({ rate })]
    })
    return sequential([widths[0]!], layers)
  },

  convolutional({ batch, rate, mask }) {
    // A noise shape of whole channels; tfjs has no DropBlock, and elements cost as much as its mask at least.
    const noiseShape = mask === 'spatial' ? [batch, 1, 1, 32] : undefined
    return sequential(
      [28, 28, 1],
      [
        tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
        tf.layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.dropout(noiseShape === undefined ? { rate } : { rate, noiseShape }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 128, activation: 'relu' }),
        tf.layers.dense({ units: 10 }),
      ],
    )
  },

  lstm({ batch, rate }) {
    return sequential(
      [64, 64],
      [
        tf.layers.dropout({ rate, noiseShape: [batch, 1, 64], inputShape: [64, 64] }),
        tf.layers.lstm({ units: 128, recurrentActivation: 'sigmoid' }),
        tf.layers.dropout({ rate }),
        tf.layers.dense({ units: 10 }),
      ],
    )
  },

  transformer({ batch, rate }) {
    const [steps, features, heads, hidden] = [128, 128, 4, 512]
    const weights = (rows: number, columns: number) =>
      tf.variable(tf.randomNormal([rows, columns], 0, rows ** -0.5))
    const bias = (width: number) => tf.variable(tf.zeros([width]))
    const ones = () => tf.variable(tf.ones([features]))
    const variables = {
      norms: [ones(), bias(features), ones(), bias(features)],
      projections: [0, 1, 2, 3].flatMap(() => [weights(features, features), bias(features)]),
      feedForward: [weights(features, hidden), bias(hidden), weights(hidden, features), bias(features)],
      head: [weights(features, 10), bias(10)],
    }
    const norm = (x: tf.Tensor, at: number) => {
      const { mean, variance } = tf.moments(x, -1, true)
      const [gamma, beta] = [variables.norms[at]!, variables.norms[at + 1]!]
      return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(gamma).add(beta)
    }
    const affine = (x: tf.Tensor, [w, b]: readonly tf.Tensor[]) => x.matMul(w!).add(b!)
    const split = (x: tf.Tensor) => x.reshape([batch, steps, heads, features / heads]).transpose([0, 2, 1, 3])
    const gelu = (x: tf.Tensor) => x.mul(x.div(Math.SQRT2).erf().add(1)).mul(0.5)
    const forward = (input: tf.Tensor) => {
      let x = input.reshape([batch * steps, features])
      const { projections, feedForward, head } = variables
      const normed = norm(x, 0)
      const [q, k, v] = [0, 2, 4].map((at) => split(affine(normed, projections.slice(at))))
      const scores = tf.matMul(q!, k!, false, true).div(Math.sqrt(features / heads))
      const attended = tf.matMul(tf.dropout(tf.softmax(scores), rate), v!)
      const joined = attended.transpose([0, 2, 1, 3]).reshape([batch * steps, features])
      x = x.add(tf.dropout(affine(joined, projections.slice(6)), rate))
      const inner = tf.dropout(gelu(affine(norm(x, 2), feedForward)), rate)
      x = x.add(tf.dropout(affine(inner, feedForward.slice(2)), rate))
      return affine(x.reshape([batch, steps, features]).mean(1), head)
    }
    const dispose = () => tf.dispose(Object.values(variables).flat())
    return { shape: [steps, features], forward, dispose }
  },
}

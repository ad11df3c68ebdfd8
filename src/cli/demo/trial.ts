import {
  adam,
  dense,
  dropout,
  type History,
  type Model,
  type MonteCarloPrediction,
  normalize,
  sequential,
} from '../../nn/index.js'
import { accuracy, auroc, expectedCalibrationError, negativeLogLikelihood } from '../../uncertainty/index.js'
import type { Curves, Scores, TestScores } from './result.js'
import { stratifiedSplit } from './split.js'
import { type Cases, select } from './tumours.js'

/** Shares of the cases for training, validation and test. */
const SHARES = [0.5, 0.2, 0.3] as const

/**
 * How the networks are built and trained. The epochs are many enough that the network without dropout overfits: its
 * validation loss rises while its training loss vanishes.
 */
export const SETTING = {
  hidden: [64, 64],
  rate: 0.5,
  epochs: 100,
  batchSize: 32,
  learningRate: 1e-3,
  passes: 200,
} as const

/** What is learnt from one split. */
export interface Trial {
  readonly training: Cases
  readonly validation: Cases
  readonly test: Cases
  readonly curves: { readonly withoutDropout: Curves; readonly withDropout: Curves }
  readonly scores: TestScores
  /** What the passes of the network with dropout say about the test cases. */
  readonly passes: MonteCarloPrediction
}

export interface TrialOptions {
  /** Decides the split, the initial weights and every mask. */
  readonly seed: bigint
  readonly signal: AbortSignal
  /** Called after each epoch of the network with the given rate, with how many epochs it has had. */
  readonly onEpoch?: (rate: number, epochs: number) => void
}

/** Splits the cases, trains a network without dropout and one with it, and asks both about the test cases. */
export async function runTrial(all: Cases, options: TrialOptions): Promise<Trial> {
  const parts = stratifiedSplit(all.y, SHARES, options.seed).map((rows) => select(all, rows))
  const [training, validation, test] = parts as [Cases, Cases, Cases]
  const plain = await train(0, training, validation, options)
  const dropped = await train(SETTING.rate, training, validation, options)
  const passes = await dropped.model.predictMonteCarlo(test.x, {
    passes: SETTING.passes,
    ids: test.ids,
    samples: true,
    signal: options.signal,
  })
  return {
    training,
    validation,
    test,
    curves: { withoutDropout: curvesOf(plain.history), withDropout: curvesOf(dropped.history) },
    scores: {
      withoutDropout: scoresOf(test.y, await plain.model.predict(test.x)),
      withDropout: scoresOf(test.y, await dropped.model.predict(test.x)),
      monteCarlo: scoresOf(test.y, passes.mean),
    },
    passes,
  }
}

/** Numbers in a row. */
export function featuresOf({ x, y }: Cases): number {
  return x.length / y.length
}

async function train(
  rate: number,
  training: Cases,
  validation: Cases,
  { seed, signal, onEpoch }: TrialOptions,
): Promise<{ model: Model; history: History }> {
  const { hidden, epochs, batchSize, learningRate } = SETTING
  const layers = hidden.flatMap((units) => [
    dense(units, { activation: 'relu' }),
    ...(rate > 0 ? [dropout(rate)] : []),
  ])
  const model = sequential({
    input: [featuresOf(training)],
    output: 'sigmoid',
    seed,
    layers: [normalize(), ...layers, dense(1)],
  })
  const history = await model.fit(training, {
    loss: 'binaryCrossEntropy',
    optimizer: adam({ learningRate }),
    epochs,
    batchSize,
    validation,
    signal,
    onEpoch: ({ epoch }) => onEpoch?.(rate, epoch + 1),
  })
  return { model, history }
}

function curvesOf({ epochs }: History): Curves {
  return {
    training: epochs.map(({ loss }) => loss),
    validation: epochs.map(({ validationLoss }) => validationLoss!),
  }
}

function scoresOf(labels: Int32Array, probabilities: Float32Array | Float64Array): Scores {
  return {
    accuracy: accuracy(labels, probabilities),
    logLoss: negativeLogLikelihood(labels, probabilities),
    auroc: auroc(labels, probabilities),
    calibrationError: expectedCalibrationError(labels, probabilities),
  }
}

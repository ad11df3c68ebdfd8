/** The networks of Srivastava et al. 2014, table 2: 784-1024-1024-1024-10 with rectified linear units. */
import { type Adam, adam, cosine, dense, dropout, type Model, sequential } from 'inverted-dropout/nn'
import { PIXELS } from './digits.js'

/** What the networks differ by. */
export const NETWORKS = ['no dropout', 'dropout', 'dropout, max-norm'] as const

/** One of {@link NETWORKS}. */
export type NetworkName = (typeof NETWORKS)[number]

/** The test errors in percent that the paper reports for its counterparts. */
export const REPORTED: Readonly<Record<NetworkName, number>> = {
  // A net of logistic units and two layers; the others are the networks made here.
  'no dropout': 1.6,
  dropout: 1.25,
  'dropout, max-norm': 1.06,
}

/** The paper's rates of the input and of hidden units (appendix B.1). */
const INPUT_RATE = 0.2
const HIDDEN_RATE = 0.5
/**
 * The largest norm of a unit's weights. The paper's limits of 2 to 4 belong to larger learning rates and far more steps:
 * here a limit has to be near the 1 or so that weights begin with to change anything.
 */
const MAX_NORM = 1.25

/** How large a network is. */
export interface Size {
  readonly units: number
  readonly hiddenLayers: number
}

/** A network with fresh weights. */
export function network(name: NetworkName, { units, hiddenLayers }: Size, seed: number): Model {
  const drops = name !== 'no dropout'
  const options = { activation: 'relu', ...(name === 'dropout, max-norm' && { maxNorm: MAX_NORM }) } as const
  const hidden = Array.from({ length: hiddenLayers }, () => [
    dense(units, options),
    ...(drops ? [dropout(HIDDEN_RATE)] : []),
  ])
  return sequential({
    input: [PIXELS],
    output: 'softmax',
    seed,
    layers: [...(drops ? [dropout(INPUT_RATE)] : []), ...hidden.flat(), dense(10)],
  })
}

/** The same rule for every network, with a learning rate that falls to 0. */
export function optimizer(): Adam {
  return adam({ learningRate: cosine({ initial: LEARNING_RATE }) })
}

const LEARNING_RATE = 2e-3

/** Rows in a step. */
export const BATCH_SIZE = 128

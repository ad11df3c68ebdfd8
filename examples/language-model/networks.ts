/** Networks that predict the next character at each step, with dropout and without. */
import {
  dense,
  dropout,
  embedding,
  type Layer,
  layerNorm,
  lstm,
  type Model,
  positionalEncoding,
  sequential,
  transformerBlock,
} from 'inverted-dropout/nn'

/** The networks by name. */
export const NETWORKS = ['LSTM', 'LSTM, dropout', 'transformer', 'transformer, dropout'] as const

/** One of {@link NETWORKS}. */
export type NetworkName = (typeof NETWORKS)[number]

/** How large the networks are. */
export interface Size {
  /** Units of the LSTM. */
  readonly units: number
  /** Features of the transformer, and its blocks. */
  readonly features: number
  readonly blocks: number
  /** Characters in a window. */
  readonly steps: number
}

/** One mask for each window, of inputs, outputs and state (Gal & Ghahramani 2016). */
const LSTM_RATES = { input: 0.1, state: 0.25, output: 0.5 }
/** Of the embedded characters, of each branch, of attention weights and of the inner layer (Vaswani et al. 2017). */
const TRANSFORMER_RATE = 0.2
const HEADS = 4

/** A network with fresh weights for texts of so many distinct characters. */
export function network(name: NetworkName, size: Size, characters: number, seed: number): Model {
  const drops = name.endsWith('dropout')
  const layers = name.startsWith('LSTM')
    ? recurrent(size, drops, characters)
    : attentive(size, drops, characters)
  return sequential({
    input: [size.steps],
    output: 'softmax',
    seed,
    layers: [...layers, dense(characters)],
  })
}

function recurrent({ units }: Size, drops: boolean, characters: number): Layer[] {
  const masks = {
    inputDropout: { rate: LSTM_RATES.input },
    stateDropout: { rate: LSTM_RATES.state },
    outputDropout: { rate: LSTM_RATES.output },
  }
  return [embedding(characters, 64), lstm(units, drops ? masks : {})]
}

function attentive({ features, blocks }: Size, drops: boolean, characters: number): Layer[] {
  const rate = drops ? TRANSFORMER_RATE : 0
  const block = transformerBlock(HEADS, 4 * features, { activation: 'gelu', causal: true, dropout: rate })
  return [
    embedding(characters, features),
    positionalEncoding(),
    ...(drops ? [dropout(rate)] : []),
    ...Array.from({ length: blocks }, () => block),
    layerNorm(),
  ]
}

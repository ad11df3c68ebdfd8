import { argumentError } from '../../errors.js'
import { checkWord } from '../../validate/options.js'
import {
  checkLayerNorm,
  checkSelfAttention,
  checkTransformerBlock,
  type LayerNormLayer,
  type SelfAttentionLayer,
  type TransformerBlockLayer,
} from './attention.js'
import { type BatchNormLayer, checkBatchNorm } from './batchNorm.js'
import {
  checkParallel,
  checkResidual,
  checkSelect,
  type ParallelLayer,
  type ResidualLayer,
  type SelectLayer,
} from './blocks.js'
import { type Conv1dLayer, type Conv2dLayer, checkConv1d, checkConv2d } from './convolution.js'
import { checkDense, type DenseLayer } from './dense.js'
import { checkDropConnect, type DropConnectLayer } from './dropConnect.js'
import { checkDropout, type DropoutLayer } from './dropout.js'
import {
  type ActivationLayer,
  checkActivation,
  checkFlatten,
  checkNormalize,
  type FlattenLayer,
  type NormalizeLayer,
} from './elementwise.js'
import {
  checkEmbedding,
  checkPositionalEncoding,
  type EmbeddingLayer,
  type PositionalEncodingLayer,
} from './embedding.js'
import {
  type AlphaDropoutLayer,
  type ConcreteDropoutLayer,
  checkAlphaDropout,
  checkConcreteDropout,
  checkGaussianDropout,
  type GaussianDropoutLayer,
} from './noise.js'
import {
  type AveragePool2dLayer,
  checkAveragePool2d,
  checkGlobalAveragePool,
  checkMaxPool2d,
  type GlobalAveragePoolLayer,
  type MaxPool2dLayer,
} from './pooling.js'
import { checkGru, checkLstm, checkRnn, type GruLayer, type LstmLayer, type RnnLayer } from './recurrent.js'
import {
  checkDropBlock,
  checkSpatialDropout,
  type DropBlockLayer,
  type SpatialDropoutLayer,
} from './structured.js'

/** A layer as a plain, frozen value that can be written as JSON. */
export type Layer =
  | DenseLayer
  | ActivationLayer
  | DropoutLayer
  | FlattenLayer
  | NormalizeLayer
  | ResidualLayer
  | ParallelLayer
  | SelectLayer
  | LayerNormLayer
  | SelfAttentionLayer
  | TransformerBlockLayer
  | DropConnectLayer
  | GaussianDropoutLayer
  | AlphaDropoutLayer
  | ConcreteDropoutLayer
  | Conv2dLayer
  | Conv1dLayer
  | MaxPool2dLayer
  | AveragePool2dLayer
  | GlobalAveragePoolLayer
  | BatchNormLayer
  | SpatialDropoutLayer
  | DropBlockLayer
  | RnnLayer
  | LstmLayer
  | GruLayer
  | EmbeddingLayer
  | PositionalEncodingLayer

/** A check of each type of layer. */
function checks(): { readonly [Type in Layer['type']]: (layer: object, at: string) => Layer } {
  return {
    dense: checkDense,
    activation: checkActivation,
    dropout: checkDropout,
    flatten: checkFlatten,
    normalize: checkNormalize,
    residual: checkResidual,
    parallel: checkParallel,
    select: checkSelect,
    layerNorm: checkLayerNorm,
    selfAttention: checkSelfAttention,
    transformerBlock: checkTransformerBlock,
    dropConnect: checkDropConnect,
    gaussianDropout: checkGaussianDropout,
    alphaDropout: checkAlphaDropout,
    concreteDropout: checkConcreteDropout,
    conv2d: checkConv2d,
    conv1d: checkConv1d,
    maxPool2d: checkMaxPool2d,
    averagePool2d: checkAveragePool2d,
    globalAveragePool: checkGlobalAveragePool,
    batchNorm: checkBatchNorm,
    spatialDropout: checkSpatialDropout,
    dropBlock: checkDropBlock,
    rnn: checkRnn,
    lstm: checkLstm,
    gru: checkGru,
    embedding: checkEmbedding,
    positionalEncoding: checkPositionalEncoding,
  }
}

/** Checks a layer that may come from anywhere, JSON for instance; `at` is where it stands. */
export function checkLayer(value: unknown, at: string): Layer {
  if (typeof value !== 'object' || value === null) {
    throw argumentError('ERR_TYPE', at, value, 'a layer, for instance dense(64)')
  }
  const known = checks()
  const type = checkWord(
    (value as { type?: unknown }).type,
    `${at}.type`,
    Object.keys(known) as Layer['type'][],
  )
  return known[type](value, `${at}.`)
}

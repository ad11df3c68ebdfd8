export {
  type BiasActivationDropoutBackwardOptions,
  type BiasActivationDropoutGradients,
  biasActivationDropout,
  biasActivationDropoutBackward,
} from './biasActivationDropout.js'
export {
  type BiasActivationDropoutLayerNormBackwardOptions,
  type BiasActivationDropoutLayerNormOptions,
  biasActivationDropoutLayerNorm,
  biasActivationDropoutLayerNormBackward,
  type LayerNormGradients,
  type LayerNormResult,
} from './biasActivationDropoutLayerNorm.js'
export type { BiasActivationDropoutOptions, ElementwiseActivation, FusedOptions } from './options.js'
export {
  type SoftmaxDropoutBackwardOptions,
  type SoftmaxDropoutOptions,
  softmaxDropout,
  softmaxDropoutBackward,
} from './softmaxDropout.js'

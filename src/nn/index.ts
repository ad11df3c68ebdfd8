/**
 * Models with dropout at home: layers, training, predictions, Monte Carlo uncertainty.
 *
 * @module
 */
export type { Batch, BatchSource } from './batches.js'
export type { InputConfig, ModelConfig, Output, SequentialOptions } from './config.js'
export type { Dataset } from './data.js'
export type { EvaluateOptions, Evaluation } from './evaluate.js'
export type { Checkpoint, EarlyStopping, EpochAnswer, FitOptions, Monitor, Rates } from './fitOptions.js'
export type { BatchEvent, EpochEvent, History } from './history.js'
export type { Inputs, InputsByName, Rows } from './inputs.js'
export {
  type Activation,
  type ActivationLayer,
  type AlphaDropoutLayer,
  type AveragePool2dLayer,
  activation,
  alphaDropout,
  averagePool2d,
  type BatchNormLayer,
  type BatchNormOptions,
  batchNorm,
  type Combine,
  type ConcreteDropoutLayer,
  type ConcreteDropoutOptions,
  type Conv1dLayer,
  type Conv1dOptions,
  type Conv2dLayer,
  type Conv2dOptions,
  concreteDropout,
  conv1d,
  conv2d,
  type DenseLayer,
  type DenseOptions,
  type DropBlockLayer,
  type DropBlockOptions,
  type DropConnectLayer,
  type DropConnectOptions,
  type DropoutLayer,
  type DropoutLayerOptions,
  dense,
  dropBlock,
  dropConnect,
  dropout,
  type EmbeddingLayer,
  type EmbeddingOptions,
  embedding,
  type FlattenLayer,
  flatten,
  type GaussianDropoutLayer,
  type GlobalAveragePoolLayer,
  type GlobalAveragePoolOptions,
  type GruLayer,
  type GruOptions,
  gaussianDropout,
  globalAveragePool,
  gru,
  type ImageLayout,
  type Initializer,
  type Layer,
  type LayerNormLayer,
  type LayerNormOptions,
  type LstmLayer,
  type LstmOptions,
  layerNorm,
  lstm,
  type MaskPer,
  type MaxPool2dLayer,
  maxPool2d,
  type NoiseOptions,
  type NormalizeLayer,
  type NormalizeOptions,
  normalize,
  type Padding,
  type Pair,
  type ParallelLayer,
  type Pool2dOptions,
  type PositionalEncodingLayer,
  type PositionalEncodingOptions,
  parallel,
  positionalEncoding,
  type RecurrentOptions,
  type ResidualLayer,
  type ResidualOptions,
  type RnnActivation,
  type RnnLayer,
  type RnnOptions,
  residual,
  rnn,
  type SelectLayer,
  type SelfAttentionLayer,
  type SelfAttentionOptions,
  type SequenceDropout,
  type Share,
  type SpatialDropoutLayer,
  type SpatialDropoutOptions,
  select,
  selfAttention,
  spatialDropout,
  type TransformerBlockLayer,
  type TransformerBlockOptions,
  type TransformerSites,
  transformerBlock,
  type WeightGroup,
  type Zoneout,
} from './layers/index.js'
export type {
  BinaryCrossEntropy,
  CrossEntropy,
  GaussianNegativeLogLikelihood,
  Loss,
  LossName,
  MeanSquaredError,
} from './losses.js'
export type { Metric, Metrics } from './metrics.js'
export { fromBytes, load, type Model, sequential } from './model.js'
export type { MonteCarloOptions, MonteCarloPrediction } from './monteCarlo.js'
export {
  type Adam,
  type AdamOptions,
  type AdamW,
  adam,
  adamw,
  type Optimizer,
  type Sgd,
  type SgdOptions,
  sgd,
} from './optimizers.js'
export type { NewParameters, Parameter, Parameters } from './parameters.js'
export type { PredictOptions } from './predict.js'
export type { Reporter, Run } from './reporter.js'
export {
  type ConstantSchedule,
  type CosineOptions,
  type CosineSchedule,
  constant,
  cosine,
  type LearningRate,
  type Schedule,
  type StepOptions,
  type StepSchedule,
  step,
  type WarmUpOptions,
  type WarmUpSchedule,
  warmUp,
} from './schedules.js'
export type { GradientOptions, Gradients, Step, TrainStepOptions } from './steps.js'
export type { LayerSummary, Summary, SummaryOptions } from './summary.js'
export type { Targets } from './targets.js'
export { type TerminalReporterOptions, terminalReporter } from './terminalReporter.js'

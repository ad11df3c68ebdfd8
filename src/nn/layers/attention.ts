import { checkInteger, checkNumber, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { MAX_UNITS } from './dense.js'
import { ACTIVATIONS, type Activation } from './names.js'

/** `y = gamma (x - mean) / sqrt(variance + epsilon) + beta` over the last axis of a row. */
export interface LayerNormLayer extends LayerNormOptions {
  readonly type: 'layerNorm'
}

/** The options of {@link layerNorm}. */
export interface LayerNormOptions {
  /**
   * Added to the variance, above 0.
   *
   * @default 1e-5
   */
  readonly epsilon?: number | undefined
}

/** What attention weights may drop by, by name. */
export const WEIGHT_GROUPS = ['element', 'key', 'row', 'head'] as const

/**
 * Which attention weights drop together: each by itself (Vaswani et al. 2017), those of a key (Zehui et al. 2019), of a
 * query (`row`), or of a head (Zhou et al. 2020).
 */
export type WeightGroup = (typeof WEIGHT_GROUPS)[number]

/** Attention of each step of a row to the steps of the row. */
export interface SelfAttentionLayer extends SelfAttentionOptions {
  readonly type: 'selfAttention'
  /** How many heads the features are divided among, in `[1, 256]`; a divisor of the features. */
  readonly heads: number
}

/** The options of {@link selfAttention}. */
export interface SelfAttentionOptions {
  /**
   * Whether a step sees itself and earlier steps only.
   *
   * @default false
   */
  readonly causal?: boolean | undefined
  /**
   * How likely a weight drops in training, in `[0, 1]`. What is kept is divided by the keep rate.
   *
   * @default 0
   */
  readonly dropout?: number | undefined
  /**
   * Which weights drop together.
   *
   * @default 'element'
   */
  readonly per?: WeightGroup | undefined
  /**
   * Whether there are biases.
   *
   * @default true
   */
  readonly bias?: boolean | undefined
  /**
   * The place of the weights' masks in the stream, in `[0, 65535]`; two masks may not share one.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** Self-attention and a feed-forward part, each with a residual and a norm. */
export interface TransformerBlockLayer extends TransformerBlockOptions {
  readonly type: 'transformerBlock'
  /** How many heads the features are divided among, in `[1, 256]`; a divisor of the features. */
  readonly heads: number
  /** Units of the feed-forward part's inner layer, at least 1; four times the features is usual. */
  readonly hidden: number
}

/** The options of {@link transformerBlock}. */
export interface TransformerBlockOptions {
  /**
   * What is applied to the inner layer of the feed-forward part; any but `softmax`.
   *
   * @default 'relu'
   */
  readonly activation?: Exclude<Activation, 'softmax'> | undefined
  /**
   * Whether norms come before the branches (Xiong et al. 2020), or after the sums (Vaswani et al. 2017).
   *
   * @default true
   */
  readonly preNorm?: boolean | undefined
  /**
   * Whether a step sees itself and earlier steps only.
   *
   * @default false
   */
  readonly causal?: boolean | undefined
  /**
   * The drop rate of what each branch gives, before it is added, in `[0, 1]`.
   *
   * @default 0
   */
  readonly dropout?: number | undefined
  /**
   * The drop rate of attention weights, in `[0, 1]`.
   *
   * @default that of `dropout`
   */
  readonly attentionDropout?: number | undefined
  /**
   * The drop rate of the feed-forward part's inner layer, in `[0, 1]`.
   *
   * @default that of `dropout`
   */
  readonly feedForwardDropout?: number | undefined
  /**
   * Added to the variances of the norms, above 0.
   *
   * @default 1e-5
   */
  readonly epsilon?: number | undefined
  /**
   * The places of the masks in the stream.
   *
   * @default the smallest ones that are free, in the order of {@link TransformerSites}
   */
  readonly sites?: TransformerSites | undefined
}

/** The places of a transformer block's masks in the stream, each in `[0, 65535]`. */
export interface TransformerSites {
  /** Of the attention weights. */
  readonly weights?: number | undefined
  /** Of what attention gives. */
  readonly attention?: number | undefined
  /** Of the inner layer of the feed-forward part. */
  readonly hidden?: number | undefined
  /** Of what the feed-forward part gives. */
  readonly feedForward?: number | undefined
}

/** Heads that the mask stream can tell apart. */
const MAX_HEADS = 256

const ATTENTION_OPTIONS = ['causal', 'dropout', 'per', 'bias', 'site'] as const

const BLOCK_OPTIONS = [
  'activation',
  'preNorm',
  'causal',
  'dropout',
  'attentionDropout',
  'feedForwardDropout',
  'epsilon',
  'sites',
] as const

const SITES = ['weights', 'attention', 'hidden', 'feedForward'] as const

const ELEMENTWISE = ACTIVATIONS.filter((name) => name !== 'softmax')

/**
 * Layer norm over the last axis (Ba, Kiros & Hinton 2016): `[..., features]` keeps its shape. `gamma` begins at 1, `beta`
 * at 0; both have the shape `[features]`.
 *
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * layerNorm()
 */
export function layerNorm(options: LayerNormOptions = {}): LayerNormLayer {
  const { epsilon } = checkFields(options, 'options', ['epsilon'])
  return checkLayerNorm({ type: 'layerNorm', epsilon }, '')
}

/**
 * Attention of each step of a row to the steps of the row, `softmax(q k' / sqrt(features / heads)) v` for each head
 * (Vaswani et al. 2017), with dropout of the weights after the softmax: `[steps, features]` keeps its shape. Steps past a
 * row's length are not seen, and give zeros.
 *
 * Its tensors are those of PyTorch's `MultiheadAttention`: `inputWeight` `[3 features, features]` (queries, keys, values),
 * `inputBias`, `outputWeight` `[features, features]`, `outputBias`.
 *
 * @param heads - how many heads the features are divided among, in `[1, 256]`; a divisor of the features.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Memory grows with `steps`, not with its square; cost: `8 x steps x features^2 + 4 x steps^2 x features` operations a
 * row forward, some 2.5 times that backward.
 *
 * @example
 * selfAttention(4, { dropout: 0.1, causal: true })
 */
export function selfAttention(heads: number, options: SelfAttentionOptions = {}): SelfAttentionLayer {
  const { causal, dropout, per, bias, site } = checkFields(options, 'options', ATTENTION_OPTIONS)
  return checkSelfAttention({ type: 'selfAttention', heads, causal, dropout, per, bias, site }, '')
}

/**
 * A block of a transformer's encoder, or with `causal` of a decoder: self-attention, then a feed-forward part, each with
 * a residual, a norm and dropout. `[steps, features]` keeps its shape; values are those of PyTorch's
 * `TransformerEncoderLayer` (whose default is `preNorm: false`).
 *
 * @param heads - how many heads the features are divided among, in `[1, 256]`; a divisor of the features.
 * @param hidden - units of the feed-forward part's inner layer, at least 1; four times the features is usual.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * transformerBlock(4, 512, { activation: 'gelu', dropout: 0.1 })
 */
export function transformerBlock(
  heads: number,
  hidden: number,
  options: TransformerBlockOptions = {},
): TransformerBlockLayer {
  const fields = checkFields(options, 'options', BLOCK_OPTIONS)
  return checkTransformerBlock({ ...fields, type: 'transformerBlock', heads, hidden }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkLayerNorm(layer: object, at: string): LayerNormLayer {
  const fields = checkPart<LayerNormLayer>(layer, at, ['type', 'epsilon'])
  return record<LayerNormLayer>({ type: 'layerNorm', epsilon: checkEpsilon(fields.epsilon, at) })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkSelfAttention(layer: object, at: string): SelfAttentionLayer {
  const fields = checkPart<SelfAttentionLayer>(layer, at, ['type', 'heads', ...ATTENTION_OPTIONS])
  return record<SelfAttentionLayer>({
    type: 'selfAttention',
    heads: checkInteger(fields.heads, `${at}heads`, 1, MAX_HEADS),
    causal: optional(fields.causal, `${at}causal`, checkBoolean),
    dropout: optional(fields.dropout, `${at}dropout`, checkRate),
    per: optional(fields.per, `${at}per`, checkWord, WEIGHT_GROUPS),
    bias: optional(fields.bias, `${at}bias`, checkBoolean),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkTransformerBlock(layer: object, at: string): TransformerBlockLayer {
  const fields = checkPart<TransformerBlockLayer>(layer, at, ['type', 'heads', 'hidden', ...BLOCK_OPTIONS])
  return record<TransformerBlockLayer>({
    type: 'transformerBlock',
    heads: checkInteger(fields.heads, `${at}heads`, 1, MAX_HEADS),
    hidden: checkInteger(fields.hidden, `${at}hidden`, 1, MAX_UNITS),
    activation: optional(fields.activation, `${at}activation`, checkWord, ELEMENTWISE),
    preNorm: optional(fields.preNorm, `${at}preNorm`, checkBoolean),
    causal: optional(fields.causal, `${at}causal`, checkBoolean),
    dropout: optional(fields.dropout, `${at}dropout`, checkRate),
    attentionDropout: optional(fields.attentionDropout, `${at}attentionDropout`, checkRate),
    feedForwardDropout: optional(fields.feedForwardDropout, `${at}feedForwardDropout`, checkRate),
    epsilon: checkEpsilon(fields.epsilon, at),
    sites: optional(fields.sites, `${at}sites`, checkSites),
  })
}

function checkSites(value: unknown, argument: string): TransformerSites {
  const fields = checkFields<TransformerSites>(value, argument, SITES)
  const site = (name: (typeof SITES)[number]) =>
    optional(fields[name], `${argument}.${name}`, checkInteger, 0, MAX_SITE)
  return record<TransformerSites>({
    weights: site('weights'),
    attention: site('attention'),
    hidden: site('hidden'),
    feedForward: site('feedForward'),
  })
}

function checkEpsilon(epsilon: unknown, at: string): number | undefined {
  return optional(epsilon, `${at}epsilon`, checkNumber, { least: 0, above: true })
}

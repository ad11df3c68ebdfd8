import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkBoolean, checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { MAX_UNITS } from './dense.js'

/** How long a mask of a recurrent layer may last, by name. */
export const MASK_PERS = ['step', 'sequence'] as const

/**
 * How long a mask of a recurrent layer lasts: `step`, a fresh one at each time step (Zaremba et al. 2014); `sequence`, one
 * for the whole row (Gal & Ghahramani 2016).
 */
export type MaskPer = (typeof MASK_PERS)[number]

/** The activations of {@link rnn}, by name. */
export const RNN_ACTIVATIONS = ['tanh', 'relu'] as const

/** The activation of {@link rnn}. */
export type RnnActivation = (typeof RNN_ACTIVATIONS)[number]

/**
 * Inverted dropout of something that a recurrent layer has at each time step: in training `m x / (1 - rate)` with a mask
 * `m` for each row, in inference `x`.
 */
export interface SequenceDropout {
  /** The drop probability, in `[0, 1]`. */
  readonly rate: number
  /**
   * How long a mask lasts.
   *
   * @default 'sequence'
   */
  readonly mask?: MaskPer | undefined
  /**
   * The place of the masks in the stream, in `[0, 65535]`.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/**
 * Zoneout (Krueger et al. 2017): at each time step a unit keeps its previous value with probability `rate`; in inference
 * it gets the expectation, `rate` times the previous value and `1 - rate` times the new one.
 */
export interface Zoneout {
  /** How likely a unit keeps its previous value, in `[0, 1]`. */
  readonly rate: number
  /**
   * The place of the masks in the stream, in `[0, 65535]`.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** What {@link rnn}, {@link lstm} and {@link gru} have in common. */
export interface RecurrentOptions {
  /**
   * Whether a row gives the state after each of its steps, `[time, units]`, or the one after its last step, `[units]`.
   *
   * @default true
   */
  readonly returnSequences?: boolean | undefined
  /**
   * Whether a second set of units goes through the row from its end. Its states stand behind those of the first, so that
   * there are `2 units` features.
   *
   * @default false
   */
  readonly bidirectional?: boolean | undefined
  /**
   * Dropout of the input.
   *
   * @default none
   */
  readonly inputDropout?: SequenceDropout | undefined
  /**
   * Dropout of the output; with `returnSequences: false` one mask for the last state.
   *
   * @default none
   */
  readonly outputDropout?: SequenceDropout | undefined
  /**
   * Dropout of the previous state where it enters the product with the hidden weights.
   *
   * @default none
   */
  readonly stateDropout?: SequenceDropout | undefined
  /**
   * Zoneout of the state.
   *
   * @default none
   */
  readonly zoneout?: Zoneout | undefined
}

/** The options of {@link rnn}. */
export interface RnnOptions extends RecurrentOptions {
  /**
   * The activation.
   *
   * @default 'tanh'
   */
  readonly activation?: RnnActivation | undefined
}

/** The options of {@link gru}. */
export interface GruOptions extends RecurrentOptions {
  /**
   * Dropout of the candidate `n` alone (Semeniuta et al. 2016): new information drops, memory stays.
   *
   * @default none
   */
  readonly candidateDropout?: SequenceDropout | undefined
}

/** The options of {@link lstm}. */
export interface LstmOptions extends RecurrentOptions {
  /**
   * Dropout of the candidate `g` alone (Semeniuta et al. 2016): new information drops, memory stays.
   *
   * @default none
   */
  readonly candidateDropout?: SequenceDropout | undefined
  /**
   * Zoneout of the memory cell.
   *
   * @default none
   */
  readonly cellZoneout?: Zoneout | undefined
}

/** A simple recurrent layer, `[time, features]` to `[time, units]` or `[units]`. */
export interface RnnLayer extends RnnOptions {
  readonly type: 'rnn'
  /** The number of units, at least 1. */
  readonly units: number
}

/** Long short-term memory, `[time, features]` to `[time, units]` or `[units]`. */
export interface LstmLayer extends LstmOptions {
  readonly type: 'lstm'
  /** The number of units, at least 1. */
  readonly units: number
}

/** Gated recurrent units, `[time, features]` to `[time, units]` or `[units]`. */
export interface GruLayer extends GruOptions {
  readonly type: 'gru'
  /** The number of units, at least 1. */
  readonly units: number
}

const OPTIONS = [
  'returnSequences',
  'bidirectional',
  'inputDropout',
  'outputDropout',
  'stateDropout',
  'zoneout',
] as const
const RNN_OPTIONS = [...OPTIONS, 'activation'] as const
const GRU_OPTIONS = [...OPTIONS, 'candidateDropout'] as const
const LSTM_OPTIONS = [...OPTIONS, 'candidateDropout', 'cellZoneout'] as const

/**
 * A simple recurrent layer (Elman 1990) on rows of `[time, features]`:
 * `h_t = f(W_i x_t + b_i + W_h h_{t-1} + b_h)` with `h_0 = 0`.
 *
 * Equations, tensors and initial weights are PyTorch's: `weightInput` `[units, features]`, `weightHidden`
 * `[units, units]`, `biasInput`, `biasHidden` `[units]`, uniform in `+-1 / sqrt(units)`; the other direction's have
 * `Reverse` behind their names. Steps past a row's length (`lengths` of the data) leave the state as it is and give
 * zeros.
 *
 * @param units - the number of units, at least 1.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Cost: `2 x rows x time x units x (features + units)` operations forward, twice that backward.
 *
 * @example
 * rnn(32, { activation: 'relu', stateDropout: { rate: 0.2 } })
 */
export function rnn(units: number, options: RnnOptions = {}): RnnLayer {
  return checkRnn({ ...checkFields(options, 'options', RNN_OPTIONS), type: 'rnn', units }, '')
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000) on rows of `[time, features]`:
 *
 * ```text
 * i, f, o = sigmoid(W_i x_t + b_i + W_h h_{t-1} + b_h)    g = tanh(...)
 * c_t = f c_{t-1} + i g    h_t = o tanh(c_t)    c_0 = h_0 = 0
 * ```
 *
 * Equations, tensors and initial weights are PyTorch's, as for {@link rnn}; the rows of the weights are those of i, f, g
 * and o, `[4 units, features]` and `[4 units, units]`.
 *
 * @param units - the number of units, at least 1.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Cost: `8 x rows x time x units x (features + units)` operations forward, twice that backward.
 *
 * @example
 * // One mask for each sequence, as Gal & Ghahramani 2016 have it:
 * lstm(128, { inputDropout: { rate: 0.2 }, stateDropout: { rate: 0.2 } })
 */
export function lstm(units: number, options: LstmOptions = {}): LstmLayer {
  return checkLstm({ ...checkFields(options, 'options', LSTM_OPTIONS), type: 'lstm', units }, '')
}

/**
 * Gated recurrent units (Cho et al. 2014) on rows of `[time, features]`:
 *
 * ```text
 * r, z = sigmoid(W_i x_t + b_i + W_h h_{t-1} + b_h)
 * n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn))
 * h_t = (1 - z) n + z h_{t-1}    h_0 = 0
 * ```
 *
 * Equations, tensors and initial weights are PyTorch's, as for {@link rnn}; the rows of the weights are those of r, z and
 * n, `[3 units, features]` and `[3 units, units]`.
 *
 * @param units - the number of units, at least 1.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * Cost: `6 x rows x time x units x (features + units)` operations forward, twice that backward.
 *
 * @example
 * gru(64, { bidirectional: true, returnSequences: false, candidateDropout: { rate: 0.25, mask: 'step' } })
 */
export function gru(units: number, options: GruOptions = {}): GruLayer {
  return checkGru({ ...checkFields(options, 'options', GRU_OPTIONS), type: 'gru', units }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkRnn(layer: object, at: string): RnnLayer {
  const fields = checkPart<RnnLayer>(layer, at, ['type', 'units', ...RNN_OPTIONS])
  return record<RnnLayer>({
    type: 'rnn',
    ...common(fields, at),
    activation: optional(fields.activation, `${at}activation`, checkWord, RNN_ACTIVATIONS),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkLstm(layer: object, at: string): LstmLayer {
  const fields = checkPart<LstmLayer>(layer, at, ['type', 'units', ...LSTM_OPTIONS])
  return record<LstmLayer>({
    type: 'lstm',
    ...common(fields, at),
    candidateDropout: optional(fields.candidateDropout, `${at}candidateDropout`, checkSequenceDropout),
    cellZoneout: optional(fields.cellZoneout, `${at}cellZoneout`, checkZoneout),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkGru(layer: object, at: string): GruLayer {
  const fields = checkPart<GruLayer>(layer, at, ['type', 'units', ...GRU_OPTIONS])
  return record<GruLayer>({
    type: 'gru',
    ...common(fields, at),
    candidateDropout: optional(fields.candidateDropout, `${at}candidateDropout`, checkSequenceDropout),
  })
}

function common(fields: { readonly [Name in 'units' | keyof RecurrentOptions]?: unknown }, at: string) {
  return {
    units: checkInteger(fields.units, `${at}units`, 1, MAX_UNITS),
    returnSequences: optional(fields.returnSequences, `${at}returnSequences`, checkBoolean),
    bidirectional: optional(fields.bidirectional, `${at}bidirectional`, checkBoolean),
    inputDropout: optional(fields.inputDropout, `${at}inputDropout`, checkSequenceDropout),
    outputDropout: optional(fields.outputDropout, `${at}outputDropout`, checkSequenceDropout),
    stateDropout: optional(fields.stateDropout, `${at}stateDropout`, checkSequenceDropout),
    zoneout: optional(fields.zoneout, `${at}zoneout`, checkZoneout),
  }
}

function checkSequenceDropout(value: unknown, argument: string): SequenceDropout {
  const { rate, mask, site } = checkFields<SequenceDropout>(value, argument, ['rate', 'mask', 'site'])
  return record<SequenceDropout>({
    rate: checkRate(rate, `${argument}.rate`),
    mask: optional(mask, `${argument}.mask`, checkWord, MASK_PERS),
    site: optional(site, `${argument}.site`, checkInteger, 0, MAX_SITE),
  })
}

function checkZoneout(value: unknown, argument: string): Zoneout {
  const { rate, site } = checkFields<Zoneout>(value, argument, ['rate', 'site'])
  return record<Zoneout>({
    rate: checkRate(rate, `${argument}.rate`),
    site: optional(site, `${argument}.site`, checkInteger, 0, MAX_SITE),
  })
}

import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkBoolean, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { MAX_UNITS } from './dense.js'

/** The largest vocabulary: single precision counts in ones up to here. */
export const MAX_VOCABULARY = 2 ** 24

/** A vector for each id, `[time]` to `[time, units]`. */
export interface EmbeddingLayer extends EmbeddingOptions {
  readonly type: 'embedding'
  /** How many ids there are, in `[1, 2^24]`. */
  readonly vocabulary: number
  /** The elements of a vector, at least 1. */
  readonly units: number
}

/** The options of {@link embedding}. */
export interface EmbeddingOptions {
  /**
   * How likely a word drops in training, in `[0, 1]`: its vector becomes zeros wherever the word stands in a row, and the
   * others are divided by `1 - dropout` (Gal & Ghahramani 2016, section 4.2).
   *
   * @default 0
   */
  readonly dropout?: number | undefined
  /**
   * The place of those masks in the stream, in `[0, 65535]`.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** A vector for each position, added, `[time, units]` to `[time, units]`. */
export interface PositionalEncodingLayer extends PositionalEncodingOptions {
  readonly type: 'positionalEncoding'
}

/** The options of {@link positionalEncoding}. */
export interface PositionalEncodingOptions {
  /**
   * Whether the vectors are learned, from normal numbers of standard deviation 0.02 (as in Devlin et al. 2019), instead
   * of being sinusoids.
   *
   * @default false
   */
  readonly learned?: boolean | undefined
}

const EMBEDDING_OPTIONS = ['dropout', 'site'] as const
const POSITIONAL_OPTIONS = ['learned'] as const

/**
 * A vector for each id: rows of `[time]` ids become `[time, units]`. Ids are whole numbers from 0 to `vocabulary - 1` and
 * come straight from the model's input, perhaps through {@link select}; data with anything else there is refused with
 * `ERR_RANGE`. The vectors, `weight` of shape `[vocabulary, units]`, start standard normal, as in PyTorch.
 *
 * @param vocabulary - how many ids there are, in `[1, 2^24]`.
 * @param units - the elements of a vector, at least 1.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * sequential({ input: [40], output: 'sigmoid', layers: [embedding(10_000, 64, { dropout: 0.1 }), lstm(64, { returnSequences: false }), dense(1)] })
 */
export function embedding(vocabulary: number, units: number, options: EmbeddingOptions = {}): EmbeddingLayer {
  const { dropout, site } = checkFields(options, 'options', EMBEDDING_OPTIONS)
  return checkEmbedding({ type: 'embedding', vocabulary, units, dropout, site }, '')
}

/**
 * Adds to the vector of each step one that says where it stands: the sinusoids of Vaswani et al. 2017, section 3.5,
 * `sin(t / 10000^(2i / units))` at element `2i` and the cosine at `2i + 1`, or learned ones.
 *
 * @throws {DropoutError} `ERR_TYPE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * positionalEncoding({ learned: true })
 */
export function positionalEncoding(options: PositionalEncodingOptions = {}): PositionalEncodingLayer {
  const { learned } = checkFields(options, 'options', POSITIONAL_OPTIONS)
  return checkPositionalEncoding({ type: 'positionalEncoding', learned }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkEmbedding(layer: object, at: string): EmbeddingLayer {
  const fields = checkPart<EmbeddingLayer>(layer, at, ['type', 'vocabulary', 'units', ...EMBEDDING_OPTIONS])
  return record<EmbeddingLayer>({
    type: 'embedding',
    vocabulary: checkInteger(fields.vocabulary, `${at}vocabulary`, 1, MAX_VOCABULARY),
    units: checkInteger(fields.units, `${at}units`, 1, MAX_UNITS),
    dropout: optional(fields.dropout, `${at}dropout`, checkRate),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkPositionalEncoding(layer: object, at: string): PositionalEncodingLayer {
  const fields = checkPart<PositionalEncodingLayer>(layer, at, ['type', ...POSITIONAL_OPTIONS])
  return record<PositionalEncodingLayer>({
    type: 'positionalEncoding',
    learned: optional(fields.learned, `${at}learned`, checkBoolean),
  })
}

import { argumentError } from '../../errors.js'
import { checkList } from '../../validate/list.js'
import { checkInteger, checkRate, MAX_SITE } from '../../validate/number.js'
import { checkWord, optional } from '../../validate/options.js'
import { checkFields, checkPart, record } from '../check.js'
import { checkLayer, type Layer } from './layer.js'

/** `y = x + F(x)`, where F is some layers that keep the shape. */
export interface ResidualLayer extends ResidualOptions {
  readonly type: 'residual'
  /** F, first to last; at least one layer. */
  readonly layers: readonly Layer[]
}

/** The options of {@link residual}. */
export interface ResidualOptions {
  /**
   * How likely the branch F of a row drops in training, in `[0, 1]`: stochastic depth (Huang et al. 2016). What is kept
   * is divided by the keep rate.
   *
   * @default 0
   */
  readonly dropPath?: number | undefined
  /**
   * The place of that mask in the stream, in `[0, 65535]`.
   *
   * @default the smallest that is free, in the order of the layers
   */
  readonly site?: number | undefined
}

/** Branches with one input, put together. */
export interface ParallelLayer {
  readonly type: 'parallel'
  /** The layers of each branch; an empty branch is the input itself. */
  readonly branches: readonly (readonly Layer[])[]
  /** Whether their outputs are added, or stand side by side along the last axis. */
  readonly combine: Combine
}

/** How branches become one, by name. */
export const COMBINES = ['add', 'concatenate'] as const

/** How branches become one. */
export type Combine = (typeof COMBINES)[number]

/** One of the named inputs of the model. */
export interface SelectLayer {
  readonly type: 'select'
  /** Its name in the model's `input`. */
  readonly input: string
}

const RESIDUAL_OPTIONS = ['dropPath', 'site'] as const

/**
 * A residual block: `y = x + F(x)` (He et al. 2016), whose branch may drop for whole rows.
 *
 * @param layers - F, at least one layer; it must keep the shape.
 * @throws {DropoutError} `ERR_TYPE`, `ERR_RATE`, `ERR_RANGE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * residual([dense(64, { activation: 'relu' }), dropout(0.1), dense(64)], { dropPath: 0.1 })
 */
export function residual(layers: readonly Layer[], options: ResidualOptions = {}): ResidualLayer {
  const { dropPath, site } = checkFields(options, 'options', RESIDUAL_OPTIONS)
  return checkResidual({ type: 'residual', layers, dropPath, site }, '')
}

/**
 * Parallel branches: each gets the whole input.
 *
 * @param combine - `'add'` for branches of one shape, `'concatenate'` along the last axis.
 * @param branches - the layers of each; `[]` passes the input on.
 * @throws {DropoutError} `ERR_TYPE` or `ERR_OPTION` for an argument that is not as described.
 * @example
 * parallel('concatenate', [[select('image'), flatten(), dense(32)], [select('age')]])
 */
export function parallel(combine: Combine, branches: readonly (readonly Layer[])[]): ParallelLayer {
  return checkParallel({ type: 'parallel', branches, combine }, '')
}

/**
 * One of the named inputs of a model, to begin a branch with.
 *
 * @param input - its name in the model's `input`.
 * @throws {DropoutError} `ERR_TYPE` for an argument that is not as described.
 * @example
 * sequential({
 *   input: { age: [1], pixels: [784] },
 *   output: 'sigmoid',
 *   layers: [parallel('concatenate', [[select('age')], [select('pixels'), dense(16)]]), dense(1)],
 * })
 */
export function select(input: string): SelectLayer {
  return checkSelect({ type: 'select', input }, '')
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkResidual(layer: object, at: string): ResidualLayer {
  const fields = checkPart<ResidualLayer>(layer, at, ['type', 'layers', ...RESIDUAL_OPTIONS])
  return record<ResidualLayer>({
    type: 'residual',
    layers: checkLayers(fields.layers, `${at}layers`),
    dropPath: optional(fields.dropPath, `${at}dropPath`, checkRate),
    site: optional(fields.site, `${at}site`, checkInteger, 0, MAX_SITE),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkParallel(layer: object, at: string): ParallelLayer {
  const fields = checkPart<ParallelLayer>(layer, at, ['type', 'branches', 'combine'])
  const branches = checkList<unknown>(
    fields.branches,
    `${at}branches`,
    'an array of branches, each an array of layers',
  )
  return record<ParallelLayer>({
    type: 'parallel',
    branches: Array.from(branches, (branch, index) => checkLayers(branch, `${at}branches[${index}]`)),
    combine: checkWord(fields.combine, `${at}combine`, COMBINES),
  })
}

/** Checks the layer; `at` is what stands before a field's name in messages. */
export function checkSelect(layer: object, at: string): SelectLayer {
  const { input } = checkPart<SelectLayer>(layer, at, ['type', 'input'])
  if (typeof input !== 'string' || input === '') {
    throw argumentError('ERR_TYPE', `${at}input`, input, "the name of one of the model's inputs")
  }
  return record<SelectLayer>({ type: 'select', input })
}

function checkLayers(value: unknown, argument: string): readonly Layer[] {
  const layers = checkList<unknown>(value, argument, 'an array of layers')
  return Array.from(layers, (layer, index) => checkLayer(layer, `${argument}[${index}]`))
}

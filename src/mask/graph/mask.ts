import { fromNative, mismatch } from '../../errors.js'
import { native } from '../../native/load.js'
import { checkFloats, type Floats } from '../../validate/array.js'
import { checkBoolean, checkOptions, checkWord, optional } from '../../validate/options.js'
import { checkLength } from '../../validate/words.js'
import { emptyLike } from '../apply.js'
import { allBits, firstOf, type Graph, roomForBits, wordsIn } from './graph.js'
import type { GraphMaskJSON, GraphSource } from './options.js'

/**
 * What kept edges are multiplied by. `'inverted'`: one over the probability of being kept, so that the
 * expected value of every sum of edges is right. `'none'`: 1. `'degree'`: degree over kept degree of the node
 * that sums, so that its sum becomes the mean of what it kept times its degree; after that the expected value
 * is not right (`docs/graphs.md`).
 */
export type EdgeScaling = 'degree' | 'inverted' | 'none'

const SCALINGS = ['degree', 'inverted', 'none'] as const
const SIDES = ['source', 'target'] as const

/** How the weights of edges are scaled. */
export interface EdgeScalingOptions {
  /**
   * What kept edges are multiplied by.
   *
   * @default 'inverted'; 'none' for paths, whose edges have no common probability
   */
  scaling?: EdgeScaling | undefined
  /**
   * Whose degree counts for `scaling: 'degree'`, and whose rows `csr` has: the node that sums over its edges.
   *
   * @default 'source'
   */
  rows?: 'source' | 'target' | undefined
}

/** How a mask is applied to what edges have. */
export interface EdgeApplyOptions<T extends Floats = Floats> extends EdgeScalingOptions {
  /**
   * False for inference: nothing is dropped or scaled.
   *
   * @default true
   */
  training?: boolean | undefined
  /**
   * Where the result goes: an array of the type and length of the input, the input itself to work in place,
   * or any memory that does not overlap it.
   *
   * @default a new array
   */
  out?: T | undefined
}

/** What rows of kept edges hold besides their columns. */
export interface CompressedRowsOptions<T extends Floats = Floats> extends EdgeScalingOptions {
  /**
   * Each edge stands in the rows of both its ends, a loop once: for undirected edges that are listed once.
   *
   * @default false
   */
  mirror?: boolean | undefined
  /**
   * The weight of each edge.
   *
   * @default 1 for each, in single precision
   */
  weights?: T | undefined
  /**
   * Arrays to write to instead of new ones, each with room for at least as many elements as there are:
   * `edges` entries are always enough, twice as many where edges are mirrored. The result has views of them.
   * New memory takes longer to get than to fill: pass the same arrays in every step.
   *
   * @default new arrays
   */
  out?: CompressedRows<T> | undefined
}

/** Where lists go. */
export interface EdgeListOptions {
  /**
   * Arrays to write to instead of new ones, with room for at least as many elements as there are: twice
   * `edges` and `edges` are always enough. The result has views of them.
   *
   * @default new arrays
   */
  out?: Pick<EdgeList, 'edges' | 'indices'> | undefined
}

/** The kept edges as lists, in their order. */
export interface EdgeList {
  /** Sources and targets, shape `[2, kept]`. */
  readonly edges: Uint32Array
  /** The first half of `edges`. */
  readonly source: Uint32Array
  /** The second half. */
  readonly target: Uint32Array
  /** Which edges they are: `attributes[indices[i]]` is what kept edge i has. */
  readonly indices: Uint32Array
}

/** The kept edges as compressed sparse rows. */
export interface CompressedRows<T extends Floats = Floats> {
  /** Row i has the entries `rowPointers[i] … rowPointers[i + 1] - 1`; one more than there are nodes. */
  readonly rowPointers: Uint32Array
  /** The node at the other end of each entry, in the order of the edges within a row. */
  readonly columns: Uint32Array
  /** Which edge each entry is. */
  readonly edges: Uint32Array
  /** The scaled weight of each entry. */
  readonly values: T
}

const APPLY = new Set(['scaling', 'rows', 'training', 'out'])
const GATHER = new Set(['scaling', 'rows'])
const ROWS = new Set(['scaling', 'rows', 'mirror', 'weights', 'out'])
const LIST = new Set(['out'])
const LISTS = new Set(['edges', 'source', 'target', 'indices'])
const ROW_ARRAYS = new Set(['rowPointers', 'columns', 'edges', 'values'])

/** Numbers of scalings in the native addon; edges that need both ends have an inverted scaling of their own. */
export const NONE = 0
export const INVERTED = 1
export const INVERTED_BETWEEN = 2
const DEGREE = 3

/**
 * A mask on the edges of a graph: which of them are kept, as bits, lists, sparse rows or weights. A frozen
 * recipe beside the graph; every call draws again, nothing is stored.
 */
export abstract class GraphMask {
  /** How many edges the graph has. */
  readonly edges: number

  /** @internal */
  protected readonly graph: Graph
  /** @internal */
  protected readonly source: GraphSource
  readonly #inverted: number
  readonly #json: GraphMaskJSON

  /** Those who extend it freeze themselves. @internal */
  constructor(graph: Graph, source: GraphSource, inverted: number, own: Readonly<Record<string, unknown>>) {
    this.edges = graph.sources.length
    this.graph = graph
    this.source = source
    this.#inverted = inverted
    this.#json = Object.freeze({ ...source.json, ...own })
    for (const name of ['graph', 'source']) Object.defineProperty(this, name, { enumerable: false })
  }

  /** Writes the keep bits of the edges. @internal */
  protected abstract draw(out: Uint8Array): void

  /**
   * The packed keep bits of the edges: edge i is bit `i % 8` of byte `i >> 3`, 1 = kept; bits past the last
   * edge are 0.
   *
   * @throws {DropoutError} `ERR_ISA`, `ERR_THREADS` (environment variables that cannot be met), and what the
   * kind says.
   */
  bits(): Uint8Array {
    const bits = roomForBits(this.edges)
    call(() => this.draw(bits))
    return bits
  }

  /** How many edges are kept. */
  count(): number {
    return countBits(this.bits())
  }

  /** The share of edges that this mask drops; 0 for no edges. */
  realizedRate(): number {
    return this.edges === 0 ? 0 : 1 - this.count() / this.edges
  }

  /**
   * The kept edges as lists, with their indices, so that ids and attributes follow. O(edges).
   *
   * @throws {DropoutError} `ERR_SHAPE` (an array of `out` without room), `ERR_TYPE`, `ERR_OPTION`,
   * `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`.
   */
  list(options: EdgeListOptions = {}): EdgeList {
    checkOptions(options, LIST)
    const { out } = options
    if (out !== undefined) checkOptions(out, LISTS, 'out')
    const bits = this.bits()
    const kept = countBits(bits)
    const edges = wordsIn(out?.edges, 'out.edges', 2 * kept)
    const [source, target] = [edges.subarray(0, kept), edges.subarray(kept)]
    const indices = wordsIn(out?.indices, 'out.indices', kept)
    call(() => native.graphList(this.graph, bits, source, target, indices))
    return { edges, source, target, indices }
  }

  /**
   * The kept edges as compressed sparse rows: row i lists what node i is joined to. A counting sort: O(edges +
   * nodes), and 12 bytes for each entry while it works.
   *
   * @throws {DropoutError} `ERR_OPTION` if nobody said how many `nodes` there are, `ERR_SHAPE` unless there
   * is a weight for each edge and room in each array of `out`, `ERR_TYPE`, `ERR_RANGE`, `ERR_OVERLAP`,
   * `ERR_DETACHED`, `ERR_SHARED`.
   */
  csr<T extends Floats = Float32Array>(options: CompressedRowsOptions<T> = {}): CompressedRows<T> {
    checkOptions(options, ROWS)
    const { number, byTarget } = this.#scaling(options)
    const mirror = checkBoolean(options.mirror, 'mirror', false)
    const weights = optional(options.weights, 'weights', checkFloats<T>)
    // Before anything is written to the caller's arrays.
    if (weights !== undefined) checkLength(weights, 'weights', this.edges, 'edge')
    const { out } = options
    if (out !== undefined) checkOptions(out, ROW_ARRAYS, 'out')
    const { graph } = this
    const bits = this.bits()
    const entries = mirror ? call(() => native.graphEntries(graph, bits, byTarget, true)) : countBits(bits)
    const rows = {
      rowPointers: wordsIn(out?.rowPointers, 'out.rowPointers', (graph.nodes ?? 0) + 1),
      columns: wordsIn(out?.columns, 'out.columns', entries),
      edges: wordsIn(out?.edges, 'out.edges', entries),
      values:
        out?.values === undefined
          ? (floats(entries, weights) as T)
          : firstOf(checkFloats<T>(out.values, 'out.values'), 'out.values', entries),
    }
    call(() => native.graphRows(graph, bits, number, this.source.rate, byTarget, mirror, weights, rows))
    return rows
  }

  /**
   * Scales what kept edges have and clears the rest: +0 whatever it was. O(n) besides drawing.
   *
   * @param x - weights or attributes, shape `[edges, …]`.
   * @returns `options.out`, or a new array.
   * @throws {DropoutError} `ERR_SHAPE` unless there is as much for each edge, `ERR_OPTION` for degrees where
   * nobody said how many `nodes` there are, `ERR_TYPE`, `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`.
   */
  apply<T extends Floats>(x: T, options: EdgeApplyOptions<T> = {}): T {
    return this.#apply(x, options, 'x')
  }

  /**
   * The gradient of {@link GraphMask.apply}, which is linear: the same select and factors, on the gradient of
   * its output. Pass the same `scaling`, `rows` and `training`.
   *
   * @throws {DropoutError} as {@link GraphMask.apply}.
   */
  backward<T extends Floats>(dy: T, options: EdgeApplyOptions<T> = {}): T {
    return this.#apply(dy, options, 'dy')
  }

  #apply<T extends Floats>(x: T, options: EdgeApplyOptions<T>, argument: string): T {
    checkOptions(options, APPLY)
    checkFloats<T>(x, argument)
    checkEach(x, argument, this.edges, 'edge')
    const { number, byTarget } = this.#scaling(options)
    const training = checkBoolean(options.training, 'training', true)
    const out = options.out === undefined ? emptyLike(x) : checkFloats<T>(options.out, 'out')
    const bits = training ? this.bits() : allBits(this.edges)
    const { rate } = this.source
    const scaling = training ? number : NONE
    call(() => native.graphApplyEdges(this.graph, bits, scaling, rate, byTarget, false, x, out))
    return out
  }

  /**
   * What kept edges have, one after another as in {@link GraphMask.list}, scaled.
   *
   * @param x - weights or attributes, shape `[edges, …]`.
   * @returns a new array, shape `[kept, …]`.
   * @throws {DropoutError} as {@link GraphMask.apply}.
   */
  gather<T extends Floats>(x: T, options: EdgeScalingOptions = {}): T {
    checkOptions(options, GATHER)
    checkFloats<T>(x, 'x')
    const width = checkEach(x, 'x', this.edges, 'edge')
    const { number, byTarget } = this.#scaling(options)
    const bits = this.bits()
    const out = floats(countBits(bits) * width, x)
    call(() => native.graphApplyEdges(this.graph, bits, number, this.source.rate, byTarget, true, x, out))
    return out as T
  }

  #scaling(options: EdgeScalingOptions): { number: number; byTarget: boolean } {
    const scaling = checkWord(
      options.scaling,
      'scaling',
      this.#inverted === NONE ? (['degree', 'none'] as const) : SCALINGS,
      this.#inverted === NONE ? 'none' : 'inverted',
    )
    const number = { degree: DEGREE, inverted: this.#inverted, none: NONE }[scaling]
    return { number, byTarget: checkWord(options.rows, 'rows', SIDES, 'source') === 'target' }
  }

  /** The recipe as JSON writes it, without the graph: the function of its kind reads it back, given one. */
  toJSON(): GraphMaskJSON {
    return this.#json
  }
}

/** Runs native code; its errors become those of this library. */
export function call<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw fromNative(error)
  }
}

/** How many bits are set. */
export function countBits(bits: Uint8Array): number {
  return call(() => native.graphCount(bits))
}

/** How many elements each of `rows` has. */
export function checkEach(x: Floats, argument: string, rows: number, each: string): number {
  const width = rows === 0 ? 0 : x.length / rows
  if (Number.isInteger(width) && width * rows === x.length) return width
  throw mismatch('ERR_SHAPE', argument, `${x.length} elements`, `as many for each ${each} of ${rows}`)
}

function floats(length: number, like: Floats | undefined): Floats {
  return like?.BYTES_PER_ELEMENT === 8 ? new Float64Array(length) : new Float32Array(length)
}

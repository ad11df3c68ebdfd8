import { argumentError } from '../../errors.js'
import { native } from '../../native/load.js'
import { checkFloats, type Floats } from '../../validate/array.js'
import { checkBoolean, checkOptions, checkWord } from '../../validate/options.js'
import { emptyLike } from '../apply.js'
import {
  allBits,
  checkGraph,
  checkNodes,
  EDGES_OPTIONS,
  type EdgesOptions,
  type Graph,
  NODES_OPTIONS,
  type NodesOptions,
  roomForBits,
} from './graph.js'
import { call, checkEach, countBits, GraphMask, INVERTED_BETWEEN } from './mask.js'
import {
  checkGraphSource,
  GRAPH_OPTIONS,
  type GraphMaskJSON,
  type GraphMaskOptions,
  type GraphSource,
} from './options.js'

/** The options of `mask.nodes`: one of `nodes` and `nodeIds` must be there. */
export interface NodeMaskOptions extends GraphMaskOptions, NodesOptions {}

/** How a mask is applied to the features of nodes. */
export interface NodeApplyOptions<T extends Floats = Floats> {
  /**
   * What the features of kept nodes are multiplied by: `1 / (1 - rate)` or 1.
   *
   * @default 'inverted'
   */
  scaling?: 'inverted' | 'none' | undefined
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

const OPTIONS = new Set<string>([...GRAPH_OPTIONS, ...NODES_OPTIONS])
const EDGES = new Set<string>(EDGES_OPTIONS)
const APPLY = new Set(['scaling', 'training', 'out'])

/** Nodes that drop, with all their features or with their edges: `mask.nodes`. A frozen recipe; nothing is stored. */
export class NodeMask {
  /** How many nodes there are. */
  readonly nodes: number

  readonly #nodeIds: Uint32Array | undefined
  readonly #source: GraphSource

  /** @internal */
  constructor(nodes: number, nodeIds: Uint32Array | undefined, source: GraphSource) {
    this.nodes = nodes
    this.#nodeIds = nodeIds
    this.#source = source
    Object.freeze(this)
  }

  /** The expected share of dropped nodes: the rate. */
  get expectedRate(): number {
    return this.#source.rate
  }

  /**
   * The packed keep bits of the nodes: node i is bit `i % 8` of byte `i >> 3`, 1 = kept; bits past the last
   * node are 0.
   *
   * @throws {DropoutError} `ERR_ISA`, `ERR_THREADS` (environment variables that cannot be met), `ERR_RANGE`
   * (memory).
   */
  bits(): Uint8Array {
    const bits = roomForBits(this.nodes)
    const { rate, seed, place, step } = this.#source
    call(() => native.graphKeepNodes(this.nodes, this.#nodeIds, rate, seed, place, step, bits))
    return bits
  }

  /** How many nodes are kept. */
  count(): number {
    return countBits(this.bits())
  }

  /** The share of nodes that this mask drops; 0 for no nodes. */
  realizedRate(): number {
    return this.nodes === 0 ? 0 : 1 - this.count() / this.nodes
  }

  /**
   * All features of a dropped node become +0 whatever they were, those of kept nodes are scaled. O(n) besides
   * drawing.
   *
   * @param x - features, shape `[nodes, …]`.
   * @returns `options.out`, or a new array.
   * @throws {DropoutError} `ERR_SHAPE` unless there is as much for each node, `ERR_TYPE`, `ERR_OPTION`,
   * `ERR_OVERLAP`, `ERR_DETACHED`, `ERR_SHARED`.
   */
  apply<T extends Floats>(x: T, options: NodeApplyOptions<T> = {}): T {
    return this.#apply(x, options, 'x')
  }

  /**
   * The gradient of {@link NodeMask.apply}: the same select and factor, on the gradient of its output. Pass
   * the same `scaling` and `training`.
   *
   * @throws {DropoutError} as {@link NodeMask.apply}.
   */
  backward<T extends Floats>(dy: T, options: NodeApplyOptions<T> = {}): T {
    return this.#apply(dy, options, 'dy')
  }

  #apply<T extends Floats>(x: T, options: NodeApplyOptions<T>, argument: string): T {
    checkOptions(options, APPLY)
    checkFloats<T>(x, argument)
    checkEach(x, argument, this.nodes, 'node')
    const inverted = checkWord(options.scaling, 'scaling', ['inverted', 'none'], 'inverted') === 'inverted'
    const training = checkBoolean(options.training, 'training', true)
    const out = options.out === undefined ? emptyLike(x) : checkFloats<T>(options.out, 'out')
    const bits = training ? this.bits() : allBits(this.nodes)
    const { rate } = this.#source
    call(() => native.graphApplyNodes(bits, this.nodes, training && inverted, rate, x, out))
    return out
  }

  /**
   * The mask of the edges that these nodes take along: an edge is kept iff both its ends are.
   *
   * @throws {DropoutError} as `mask.edges`.
   * @example
   * mask.nodes({ rate: 0.1, nodes: 2708, seed: 7n }).edges({ edges }).list()
   */
  edges(options: EdgesOptions): NodeEdgesMask {
    checkOptions(options, EDGES)
    const ids = this.#nodeIds
    const graph = checkGraph({ ...options, nodes: this.nodes, ...(ids !== undefined && { nodeIds: ids }) })
    return new NodeEdgesMask(graph, this.#source, this)
  }

  /** The recipe as JSON writes it, without the nodes: `mask.nodes` reads it back, given them. */
  toJSON(): GraphMaskJSON {
    return this.#source.json
  }
}

/** Edges that drop with their nodes: {@link NodeMask.edges}. */
export class NodeEdgesMask extends GraphMask {
  readonly #nodes: NodeMask

  /** @internal */
  constructor(graph: Graph, source: GraphSource, nodes: NodeMask) {
    super(graph, source, INVERTED_BETWEEN, {})
    this.#nodes = nodes
    Object.freeze(this)
  }

  /**
   * The expected share of dropped edges: `1 - (1 - rate)²` between two nodes, and the rate for loops; 0 for
   * no edges. Inverted scaling divides each by its own probability.
   */
  get expectedRate(): number {
    const { rate } = this.source
    if (this.edges === 0) return 0
    return rate + (rate * (1 - rate) * (this.edges - this.graph.loops)) / this.edges
  }

  /** @internal */
  protected override draw(out: Uint8Array): void {
    native.graphKeepBetween(this.graph, this.#nodes.bits(), out)
  }
}

/**
 * DropNode (Feng et al. 2020, GRAND): each node drops with probability `rate`, by its id: with all its
 * features (`apply`), or with its edges (`edges`).
 *
 * One call of the generator for each node.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE` (ids of another number), `ERR_RANGE`, `ERR_TYPE`,
 * `ERR_OPTION` (neither `nodes` nor `nodeIds`), `ERR_VERSION`, `ERR_SHARED`, `ERR_DETACHED`.
 * @example
 * const m = mask.nodes({ rate: 0.5, nodes: 2708, seed: 7n })
 * const y = m.apply(features) // shape [2708, 1433]
 */
export function nodes(options: NodeMaskOptions): NodeMask {
  checkOptions(options, OPTIONS)
  const source = checkGraphSource('nodes', options)
  const { nodes, nodeIds } = checkNodes(options)
  if (nodes === undefined) throw argumentError('ERR_OPTION', 'nodes', nodes, 'given unless `nodeIds` are')
  return new NodeMask(nodes, nodeIds, source)
}

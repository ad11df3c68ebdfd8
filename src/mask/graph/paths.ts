import { argumentError } from '../../errors.js'
import { native } from '../../native/load.js'
import { checkInteger, MAX_WORD } from '../../validate/number.js'
import { checkBoolean, checkOptions } from '../../validate/options.js'
import {
  checkGraph,
  EDGES_OPTIONS,
  type EdgesOptions,
  type Graph,
  NODES_OPTIONS,
  type NodesOptions,
} from './graph.js'
import { GraphMask, NONE } from './mask.js'
import { checkGraphSource, GRAPH_OPTIONS, type GraphMaskOptions, type GraphSource } from './options.js'

/** Steps that a walk may have: each has a plane of the stream. */
const MAX_LENGTH = 64

/** The options of `mask.paths`. One of `nodes` and `nodeIds` must be there. */
export interface PathMaskOptions extends GraphMaskOptions, EdgesOptions, NodesOptions {
  /** The probability that a node starts walks, in `[0, 1]`. */
  rate: number
  /**
   * Steps of each walk, in `[0, 64]`.
   *
   * @default 3
   */
  length?: number | undefined
  /**
   * Walks from each node that starts any. A node's id times this number must stay below 2^32.
   *
   * @default 1
   */
  walksPerNode?: number | undefined
  /**
   * Whether edges have no direction: walks pass them both ways, and u → v and v → u drop together.
   *
   * @default false
   */
  undirected?: boolean | undefined
}

/** What walks are like. */
interface Walks {
  readonly length: number
  readonly walksPerNode: number
  readonly undirected: boolean
}

const OWN = ['length', 'walksPerNode', 'undirected']
const OPTIONS = new Set<string>([...GRAPH_OPTIONS, ...EDGES_OPTIONS, ...NODES_OPTIONS, ...OWN])

/**
 * Edges that drop along random walks: `mask.paths`. How many do depends on the graph; `realizedRate` counts
 * them.
 */
export class PathMask extends GraphMask {
  /** Steps of each walk. */
  readonly length: number
  /** Walks from each node that starts any. */
  readonly walksPerNode: number
  /** Whether edges have no direction. */
  readonly undirected: boolean

  /** @internal */
  constructor(graph: Graph, source: GraphSource, walks: Walks) {
    super(graph, source, NONE, { ...walks })
    this.length = walks.length
    this.walksPerNode = walks.walksPerNode
    this.undirected = walks.undirected
    Object.freeze(this)
  }

  /** @internal */
  protected override draw(out: Uint8Array): void {
    const { rate, seed, place, step } = this.source
    const { graph, undirected, length, walksPerNode } = this
    native.graphKeepPaths(graph, rate, seed, place, step, undirected, length, walksPerNode, out)
  }
}

/**
 * Path-wise masking (Li et al. 2023, MaskGAE): nodes start random walks with probability `rate`, and the
 * edges that walks pass drop. A step goes to any neighbour with the same probability, however many parallel
 * edges lead there, and drops them all, or where edges have ids the one that was taken. A walk ends where no
 * edge goes on.
 *
 * Drawing sorts the edges by node, 8 bytes each (16 where undirected), and takes one call of the generator
 * for each neighbour of each node on a walk. `bits` and all that draws throw `ERR_RANGE` if ids are too large
 * for `walksPerNode`.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_OPTION` (neither `nodes` nor
 * `nodeIds`), `ERR_VERSION`, `ERR_SHARED`, `ERR_DETACHED`.
 * @example
 * const m = mask.paths({ rate: 0.7, length: 3, edges, nodes: 2708, undirected: true, seed: 7n })
 * m.realizedRate() // what it came to
 */
export function paths(options: PathMaskOptions): PathMask {
  checkOptions(options, OPTIONS)
  const source = checkGraphSource('paths', options)
  const length = checkInteger(options.length, 'length', 0, MAX_LENGTH, 3)
  const walksPerNode = checkInteger(options.walksPerNode, 'walksPerNode', 0, MAX_WORD, 1)
  const undirected = checkBoolean(options.undirected, 'undirected', false)
  const graph = checkGraph(options)
  if (graph.nodes === undefined) {
    throw argumentError('ERR_OPTION', 'nodes', undefined, 'given unless `nodeIds` are')
  }
  return new PathMask(graph, source, { length, walksPerNode, undirected })
}

import { native } from '../../native/load.js'
import { checkBoolean, checkOptions } from '../../validate/options.js'
import {
  checkGraph,
  EDGES_OPTIONS,
  type EdgesOptions,
  type Graph,
  NODES_OPTIONS,
  type NodesOptions,
} from './graph.js'
import { GraphMask, INVERTED } from './mask.js'
import { checkGraphSource, GRAPH_OPTIONS, type GraphMaskOptions, type GraphSource } from './options.js'

/** The options of `mask.edges`. */
export interface EdgeMaskOptions extends GraphMaskOptions, EdgesOptions, NodesOptions {
  /**
   * Whether edges have no direction: then u → v and v → u drop together, listed both or once.
   *
   * @default false
   */
  undirected?: boolean | undefined
}

const OPTIONS = new Set<string>([...GRAPH_OPTIONS, ...EDGES_OPTIONS, ...NODES_OPTIONS, 'undirected'])

/** Edges that drop on their own: `mask.edges`. */
export class EdgeMask extends GraphMask {
  /** Whether edges have no direction. */
  readonly undirected: boolean

  /** @internal */
  constructor(graph: Graph, source: GraphSource, undirected: boolean) {
    super(graph, source, INVERTED, { undirected })
    this.undirected = undirected
    Object.freeze(this)
  }

  /** The expected share of dropped edges: the rate. */
  get expectedRate(): number {
    return this.source.rate
  }

  /** @internal */
  protected override draw(out: Uint8Array): void {
    const { rate, seed, place, step } = this.source
    native.graphKeepEdges(this.graph, rate, seed, place, step, this.undirected, out)
  }
}

/**
 * DropEdge (Rong, Huang, Xu & Huang 2020): each edge drops with probability `rate`, by its name. With ids an
 * edge is drawn for by its id, without by the ids of its ends; what has one name drops together, whatever its
 * place. A loop is an edge like any other.
 *
 * Reads every edge once; drawing takes one call of the generator for each edge.
 *
 * @throws {DropoutError} `ERR_RATE`, `ERR_SHAPE` (an odd number of ends, ids of another number), `ERR_RANGE`
 * (an end that is none of the nodes), `ERR_TYPE`, `ERR_OPTION`, `ERR_VERSION`, `ERR_SHARED`, `ERR_DETACHED`.
 * @example
 * const m = mask.edges({ rate: 0.2, edges, undirected: true, nodes: 2708, seed: 7n })
 * const { source, target, indices } = m.list()
 * const { rowPointers, columns, values } = m.csr()
 */
export function edges(options: EdgeMaskOptions): EdgeMask {
  checkOptions(options, OPTIONS)
  const source = checkGraphSource('edges', options)
  const undirected = checkBoolean(options.undirected, 'undirected', false)
  return new EdgeMask(checkGraph(options), source, undirected)
}

import { constants } from 'node:buffer'
import { types } from 'node:util'
import { argumentError, fromNative, mismatch } from '../../errors.js'
import { native } from '../../native/load.js'
import { checkMemory, type Floats } from '../../validate/array.js'
import { isList } from '../../validate/list.js'
import { checkInteger, MAX_WORD } from '../../validate/number.js'
import { checkOptions, optional } from '../../validate/options.js'
import { checkLength, checkNames, checkWords } from '../../validate/words.js'

/** Sources and targets of edges: edge i goes from node `source[i]` to node `target[i]`. */
export interface EdgeEnds {
  /** The node that each edge leaves. */
  source: ArrayLike<number>
  /** The node that each edge enters, as many. */
  target: ArrayLike<number>
}

/** The edges of a graph and who they are. */
export interface EdgesOptions {
  /**
   * The edges: one array of shape `[2, edges]`, all sources and then all targets, or two lists. A
   * `Uint32Array` is taken as it is and must not change while masks of it are in use; other lists are copied.
   *
   * @example new Uint32Array([0, 1, 2, 1, 2, 0]) // 0 → 1, 1 → 2, 2 → 0
   */
  edges: ArrayLike<number> | EdgeEnds
  /**
   * The ids of the edges, below 2^64. Without them an edge is known by the ids of its ends, and parallel
   * edges drop together.
   *
   * @default the ids of source and target; their order does not count where edges are undirected
   */
  edgeIds?: ArrayLike<number> | BigUint64Array | readonly bigint[] | undefined
}

/** The nodes of a graph. */
export interface NodesOptions {
  /**
   * How many nodes there are, below 2^32. Needed where rows or degrees of nodes are asked for, since the last
   * nodes may have no edges.
   *
   * @default the number of `nodeIds`
   */
  nodes?: number | undefined
  /**
   * The ids of the nodes, in `[0, 2^32)`: with them relabelling or reordering nodes changes nothing.
   *
   * @default 0, 1, 2, …: the index of the node
   */
  nodeIds?: ArrayLike<number> | undefined
}

/** A graph as the native addon takes it. */
export interface Graph {
  readonly sources: Uint32Array
  readonly targets: Uint32Array
  readonly nodes?: number
  readonly nodeIds?: Uint32Array
  readonly edgeIds?: Uint32Array | BigUint64Array
  /** Edges from a node to itself, or to one with the same id. */
  readonly loops: number
}

/** The names of {@link EdgesOptions} and {@link NodesOptions}. */
export const EDGES_OPTIONS = ['edges', 'edgeIds'] as const
export const NODES_OPTIONS = ['nodes', 'nodeIds'] as const

const ENDS = new Set(['source', 'target'])
const ALLOWED = 'an array of shape [2, edges], or { source, target }'

/** A checked graph. Reads every edge once. */
export function checkGraph(options: EdgesOptions & NodesOptions): Graph {
  const [sources, targets] = checkEdges(options.edges)
  const { nodes, nodeIds } = checkNodes(options)
  const edgeIds = optional(options.edgeIds, 'edgeIds', checkNames)
  if (edgeIds !== undefined) checkLength(edgeIds, 'edgeIds', sources.length, 'edge')
  const graph = {
    sources,
    targets,
    ...(nodes !== undefined && { nodes }),
    ...(nodeIds !== undefined && { nodeIds }),
    ...(edgeIds !== undefined && { edgeIds }),
  }
  try {
    return Object.freeze({ ...graph, loops: native.graphLoops(graph) })
  } catch (error) {
    throw fromNative(error)
  }
}

/** How many nodes there are, and their ids. */
export function checkNodes(options: NodesOptions): {
  nodes: number | undefined
  nodeIds: Uint32Array | undefined
} {
  const nodeIds = optional(options.nodeIds, 'nodeIds', checkWords)
  const nodes = optional(options.nodes, 'nodes', checkInteger, 0, MAX_WORD) ?? nodeIds?.length
  if (nodeIds !== undefined && nodes !== undefined) checkLength(nodeIds, 'nodeIds', nodes, 'node')
  return { nodes, nodeIds }
}

function checkEdges(edges: unknown): [sources: Uint32Array, targets: Uint32Array] {
  if (isList(edges)) {
    const ends = checkWords(edges, 'edges')
    const half = ends.length / 2
    if (Number.isInteger(half)) return [ends.subarray(0, half), ends.subarray(half)]
    const allowed = 'an array of shape [2, edges]: an even number of ends'
    throw mismatch('ERR_SHAPE', 'edges', `${ends.length} ends`, allowed)
  }
  if (typeof edges !== 'object' || edges === null) throw argumentError('ERR_TYPE', 'edges', edges, ALLOWED)
  checkOptions(edges, ENDS, 'edges')
  const { source, target } = edges as EdgeEnds
  const sources = checkWords(source, 'edges.source')
  const targets = checkWords(target, 'edges.target')
  checkLength(targets, 'edges.target', sources.length, 'source')
  return [sources, targets]
}

/** Room for the packed bits of so many edges or nodes. */
export function roomForBits(length: number): Uint8Array {
  return room(Math.ceil(length / 8), (bytes) => new Uint8Array(bytes))
}

/** Bits that are all set. */
export function allBits(length: number): Uint8Array {
  const bits = roomForBits(length).fill(255)
  if (length % 8 > 0) bits[bits.length - 1] = (1 << (length % 8)) - 1
  return bits
}

/** Room for words that native code will write. */
export function roomForWords(length: number): Uint32Array {
  return room(length, (words) => new Uint32Array(words))
}

/** The first words of an array of the caller, or new ones. */
export function wordsIn(out: unknown, argument: string, length: number): Uint32Array {
  if (out === undefined) return roomForWords(length)
  if (!types.isUint32Array(out)) throw argumentError('ERR_TYPE', argument, out, 'a Uint32Array')
  checkMemory(out, argument)
  return firstOf(out, argument, length)
}

/** The first elements of an array of the caller. */
export function firstOf<T extends Floats | Uint32Array>(out: T, argument: string, length: number): T {
  if (out.length >= length) return out.subarray(0, length) as T
  throw mismatch(
    'ERR_SHAPE',
    argument,
    `${out.length} elements`,
    `an array with room for ${length} elements or more`,
  )
}

function room<T>(length: number, make: (length: number) => T): T {
  try {
    if (length > constants.MAX_LENGTH) throw new RangeError()
    return make(length)
  } catch {
    throw argumentError('ERR_RANGE', 'nodes', length, 'few enough for the memory that there is')
  }
}

/** Masks on graphs: edges, nodes and random walks. */
export { EdgeMask, type EdgeMaskOptions, edges } from './edges.js'
export type { EdgeEnds, EdgesOptions, NodesOptions } from './graph.js'
export {
  type CompressedRows,
  type CompressedRowsOptions,
  type EdgeApplyOptions,
  type EdgeList,
  type EdgeListOptions,
  type EdgeScaling,
  type EdgeScalingOptions,
  GraphMask,
} from './mask.js'
export { type NodeApplyOptions, NodeEdgesMask, NodeMask, type NodeMaskOptions, nodes } from './nodes.js'
export type { GraphKind, GraphMaskJSON, GraphMaskOptions } from './options.js'
export { PathMask, type PathMaskOptions, paths } from './paths.js'

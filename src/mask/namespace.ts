import { edges, nodes, paths } from './graph/index.js'
import {
  attention,
  block,
  broadcast,
  channel,
  dropPath,
  element,
  exactly,
  from,
  sequence,
  weights,
} from './structured/index.js'

/**
 * Masks that respect the data: what drops together, and how often. Each function checks its options and gives a frozen
 * recipe with `apply`, `backward`, `bits`, `count`, `expectedRate` and `toJSON`; no memory is taken for masks.
 *
 * @example
 * const m = mask.block({ rate: 0.1, blockSize: 7, shape: [32, 28, 28, 256], layout: 'NHWC', seed: 42n })
 * const y = m.apply(x, { ids })
 * const dx = m.backward(dy, { ids })
 */
export const mask = {
  attention,
  block,
  broadcast,
  channel,
  dropPath,
  edges,
  element,
  exactly,
  from,
  nodes,
  paths,
  sequence,
  weights,
} as const

/** Masks on graphs in plain TypeScript, as `docs/mask-stream.md` says: slow, and obviously right. */
import fc from 'fast-check'
import { philox, threshold } from './stream.js'

/** An edge: source and target. */
export type Edge = readonly [source: number, target: number]

/** Which bits: the domain by its number. */
export interface NaiveSource {
  readonly seed: bigint
  readonly site: number
  readonly domain: number
  readonly step: number
}

/** The source of all tests, and the options that name it. */
export const SOURCE: NaiveSource = { seed: 0xfedcba9876543210n, site: 5, domain: 1, step: 9 }
export const BASE = { seed: SOURCE.seed, site: 5, step: 9, domain: 'train' } as const

/** U of a key: words 0 and 1 of one Philox call. */
export function uniform(source: NaiveSource, plane: number, a: number, b: number): bigint {
  const place = source.site + 2 ** 16 * source.domain + 2 ** 24 * plane
  const [low, high] = philox([a, b, source.step, place], source.seed) as [number, number]
  return BigInt(low) | (BigInt(high) << 32n)
}

/** Whether an edge with these ends, or with an id, is kept. */
export function isEdgeKept(
  [source, target]: Edge,
  rate: number,
  undirected: boolean,
  id?: bigint | undefined,
): boolean {
  const [low, high] = undirected ? [Math.min(source, target), Math.max(source, target)] : [source, target]
  const u =
    id === undefined
      ? uniform(SOURCE, undirected ? 8 : 9, low, high)
      : uniform(SOURCE, 10, Number(id & 0xffffffffn), Number(id >> 32n))
  return u >= threshold(rate)
}

/** Whether a node is kept. */
export function isNodeKept(id: number, rate: number): boolean {
  return uniform(SOURCE, 11, id, 0) >= threshold(rate)
}

/** Which edges walks pass. */
export function passed(
  edges: readonly Edge[],
  ids: readonly number[],
  {
    rate,
    length,
    walksPerNode,
    undirected,
  }: {
    rate: number
    length: number
    walksPerNode: number
    undirected: boolean
  },
): boolean[] {
  const dropped = edges.map(() => false)
  ids.forEach((id, start) => {
    if (isNodeKept(id, rate)) return
    for (let walk = 0; walk < walksPerNode; walk++) {
      let here = start
      for (let hop = 0; hop < length; hop++) {
        const there = ([source, target]: Edge): number | undefined =>
          source === here ? target : undirected && target === here ? source : undefined
        const next = edges
          .map(there)
          .filter((node) => node !== undefined)
          .map((node) => ({
            node,
            u: uniform(SOURCE, 32 + hop, id * walksPerNode + walk, ids[node] as number),
          }))
          .sort((a, b) => (a.u < b.u ? -1 : a.u > b.u ? 1 : 0))[0]
        if (next === undefined) break
        edges.forEach((edge, i) => {
          if (there(edge) === next.node) dropped[i] = true
        })
        here = next.node
      }
    }
  })
  return dropped
}

/** Edges as an array of shape `[2, edges]`. */
export const stacked = (edges: readonly Edge[]): Uint32Array =>
  Uint32Array.from([...edges.map(([source]) => source), ...edges.map(([, target]) => target)])

/** Graphs of few nodes, with loops and parallel edges; some are empty, some have a single node. */
export const graphs: fc.Arbitrary<{ nodes: number; edges: Edge[] }> = fc
  .integer({ min: 1, max: 12 })
  .chain((nodes) => {
    const node = fc.integer({ min: 0, max: nodes - 1 })
    return fc.record({ nodes: fc.constant(nodes), edges: fc.array(fc.tuple(node, node), { maxLength: 80 }) })
  })

/** Rates, the special ones among them. */
export const rates = fc.oneof(fc.constantFrom(0, 1, 0.5, 0.1), fc.double({ min: 0, max: 1, noNaN: true }))

/** An order of so many things that a seed chooses. */
export function shuffled(length: number, seed: number): number[] {
  const key = (i: number): number => philox([i, 0, 0, 0], BigInt(seed))[0] as number
  return Array.from({ length }, (_, i) => i).sort((a, b) => key(a) - key(b))
}

/** Whether a count of dropped ones among `trials` at a rate is within five standard deviations. */
export function isPlausible(dropped: number, trials: number, rate: number): boolean {
  return Math.abs(dropped - trials * rate) <= 5 * Math.sqrt(trials * rate * (1 - rate))
}

import { mask, type Seed } from 'inverted-dropout'
import { bit, DROPPED, KEPT, SIDE, type Tile } from './tile.js'

/** A lattice of nodes, each joined to its neighbours on the right and below. */
const WIDTH = 13
const NODES = WIDTH * WIDTH
const joined = Array.from({ length: NODES }, (_, node) => {
  const right = node % WIDTH < WIDTH - 1 ? [[node, node + 1]] : []
  const below = node + WIDTH < NODES ? [[node, node + WIDTH]] : []
  return [...right, ...below] as [number, number][]
}).flat()
const edges = {
  source: Uint32Array.from(joined, ([source]) => source),
  target: Uint32Array.from(joined, ([, target]) => target),
}
const graph = { edges, nodes: NODES, undirected: true }
const STEPS = 400

/** What a mask tells of itself at some step. */
interface Answer {
  readonly edges: Uint8Array
  readonly nodes?: Uint8Array
  /** The share that drops. */
  readonly rate: number
}

/** Masks on graphs. Step 0 is shown, and the mean is that of many steps. */
export const graphs = (): Tile[] => [
  tile(['edges', 'a lattice (Rong 2020, DropEdge)'], 0.25, (seed, step) => {
    const m = mask.edges({ rate: 0.25, ...graph, seed, step })
    return { edges: m.bits(), rate: m.realizedRate() }
  }),
  tile(['nodes', 'and their edges (Feng 2020)'], 0.25, (seed, step) => {
    const m = mask.nodes({ rate: 0.25, nodes: NODES, seed, step })
    return { edges: m.edges({ edges }).bits(), nodes: m.bits(), rate: m.realizedRate() }
  }),
  tile(['paths', '3 steps from 12 % of nodes (Li 2023)'], undefined, (seed, step) => {
    const m = mask.paths({ rate: 0.12, length: 3, ...graph, seed, step })
    return { edges: m.bits(), rate: m.realizedRate() }
  }),
]

function tile(
  [name, note]: readonly [string, string],
  asked: number | undefined,
  at: (seed: Seed, step: number) => Answer,
): Tile {
  const shown = at(7n, 0)
  let mean = 0
  for (let step = 0; step < STEPS; step += 1) mean += at(7n, step).rate / STEPS
  return { name, note, asked, here: shown.rate, mean, svg: draw(shown) }
}

function draw({ edges: kept, nodes }: Answer): string {
  const pitch = SIDE / WIDTH
  const x = (node: number) => round(((node % WIDTH) + 0.5) * pitch)
  const y = (node: number) => round((Math.floor(node / WIDTH) + 0.5) * pitch)
  const lines = (bitOf: number) =>
    joined
      .filter((_, i) => bit(kept, i) === bitOf)
      .map(([from, to]) => `M${x(from)} ${y(from)}L${x(to)} ${y(to)}`)
      .join('')
  const dots = (bitOf: number) =>
    Array.from({ length: NODES }, (_, node) => node)
      .filter((node) => (nodes === undefined ? 1 : bit(nodes, node)) === bitOf)
      .map((node) => `M${x(node)} ${y(node)}h0`)
      .join('')
  return [
    `<path stroke="${DROPPED}" stroke-width="2" d="${lines(0)}"/>`,
    `<path stroke="${KEPT}" stroke-width="2" d="${lines(1)}"/>`,
    `<path stroke="${DROPPED}" stroke-width="5" stroke-linecap="round" d="${dots(0)}"/>`,
    `<path stroke="${KEPT}" stroke-width="5" stroke-linecap="round" d="${dots(1)}"/>`,
  ].join('')
}

function round(value: number): number {
  return Math.round(100 * value) / 100
}

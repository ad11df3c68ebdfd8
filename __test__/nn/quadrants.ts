import { dense, dropout, type Model, normalize, sequential } from '../../src/nn/index.js'

/** Points in [-3, 3]^2, labelled by whether their coordinates have the same sign: no linear model can. */
export function quadrants(rows: number, offset = 0) {
  const coordinate = (i: number) => 3 * Math.sin((i + 2 * offset) * 12.9898)
  const x = Float32Array.from({ length: 2 * rows }, (_, i) => coordinate(i))
  const y = Int32Array.from({ length: rows }, (_, row) =>
    coordinate(2 * row) * coordinate(2 * row + 1) > 0 ? 1 : 0,
  )
  return { x, y }
}

/** A small classifier for {@link quadrants}. */
export function classifier(rate = 0.2, seed: bigint | string = 1n): Model {
  return sequential({
    input: [2],
    output: 'softmax',
    seed,
    layers: [normalize(), dense(16, { activation: 'relu' }), dropout(rate), dense(2)],
  })
}

/** Points of a noiseless line, y = 2 a - b + 1. */
export function line(rows: number) {
  const x = Array.from({ length: rows }, (_, row) => [Math.sin(row * 3.7), Math.cos(row * 1.9)])
  return { x, y: x.map(([a, b]) => 2 * (a as number) - (b as number) + 1) }
}

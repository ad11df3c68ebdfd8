import { type ElementwiseActivation, Mask } from '../../../src/index.js'

/** f(z) of every activation, written out. */
export const ACTIVATIONS: Record<ElementwiseActivation, (z: number) => number> = {
  identity: (z) => z,
  relu: (z) => Math.max(z, 0),
  leakyRelu: (z) => (z > 0 ? z : 0.01 * z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  gelu: (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
  geluTanh: (z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3))),
  silu: (z) => z / (1 + Math.exp(-z)),
  softplus: (z) => Math.log1p(Math.exp(z)),
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
}

/** The error function by a series without cancellation (Abramowitz & Stegun 7.1.6). */
function erf(x: number): number {
  let [term, sum] = [x, x]
  for (let n = 1; n < 150; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** What the naive kernels are told. */
export interface Case {
  readonly shape: readonly [number, number, number]
  readonly ids: readonly number[]
  readonly rate: number
  readonly seed: bigint
}

/** What each element is multiplied by: 0 where the mask of its row says that it drops. */
export function factors({ shape: [rows, vectors, features], ids, rate, seed }: Case): number[] {
  const width = vectors * features
  return Array.from({ length: rows }, (_, row) => {
    const bits = Mask.from({ rate, seed, sample: ids[row] as number }).bits(width)
    return Array.from({ length: width }, (_, lane) => ((bits[lane >> 3] as number) >> (lane & 7)) & 1)
  })
    .flat()
    .map((kept) => (kept === 1 ? 1 / (1 - rate) : 0))
}

/** Numbers between -3 and 3, none near 0. */
export function numbers(length: number, salt: number): number[] {
  return Array.from({ length }, (_, i) => {
    const value = (((i * 7919 + salt * 104729 + 1) * 0.618033988749895) % 1) * 6 - 3
    return Math.abs(value) < 0.01 ? 0.5 : value
  })
}

/** Layer norm of each vector of `features` numbers. */
export function layerNorm(z: readonly number[], features: number, gamma: number[], beta: number[]): number[] {
  return vectorsOf(z, features).flatMap((vector) => {
    const mean = vector.reduce((a, b) => a + b) / features
    const variance = vector.reduce((sum, value) => sum + (value - mean) ** 2, 0) / features
    return vector.map(
      (value, i) =>
        ((value - mean) / Math.sqrt(variance + 1e-5)) * (gamma[i] as number) + (beta[i] as number),
    )
  })
}

/** Softmax of each vector of `features` numbers. */
export function softmax(x: readonly number[], features: number): number[] {
  return vectorsOf(x, features).flatMap((vector) => {
    const largest = Math.max(...vector)
    const exponentials = vector.map((value) => Math.exp(value - largest))
    const total = exponentials.reduce((a, b) => a + b)
    return exponentials.map((value) => value / total)
  })
}

function vectorsOf(x: readonly number[], features: number): number[][] {
  return Array.from({ length: x.length / features }, (_, i) => x.slice(i * features, (i + 1) * features))
}

/** The gradient of the sum of `dy` times `output(x)` by central differences. */
export function slopes(
  x: readonly number[],
  dy: readonly number[],
  output: (x: Float64Array) => Float64Array,
): number[] {
  const step = 1e-5
  return x.map((value, i) => {
    const [above, below] = [value + step, value - step].map((moved) => {
      const at = Float64Array.from(x)
      at[i] = moved
      return output(at)
    }) as [Float64Array, Float64Array]
    return dy.reduce(
      (sum, dy, j) => sum + (dy * ((above[j] as number) - (below[j] as number))) / (2 * step),
      0,
    )
  })
}

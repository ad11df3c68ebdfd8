import { mask } from '../../../src/index.js'

/** What the naive attention is told. */
export interface Case {
  readonly shape: readonly [batch: number, heads: number, queries: number, features: number]
  readonly keys: number
  readonly valueFeatures: number
  readonly ids: readonly number[]
  readonly rate: number
  readonly seed: bigint
  readonly per: 'element' | 'key' | 'row' | 'head'
  readonly renormalize: boolean
  readonly causal: boolean
  /** What is added to the score of a row, head, query and key. */
  bias(row: number, head: number, query: number, key: number): number
}

/** Attention with all weights written out, in double precision, and its mask from `mask.attention`. */
export function attention(
  of: Case,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
): number[] {
  const { shape, keys, valueFeatures, ids, rate, seed, per, renormalize, causal } = of
  const [batch, heads, queries, features] = shape
  const kept = mask.attention({ rate, seed, per, shape: [batch, heads, queries, keys] }).bits({ ids })
  const out: number[] = []
  for (let pair = 0; pair < batch * heads; pair++) {
    for (let i = 0; i < queries; i++) {
      const scores = Array.from({ length: keys }, (_, j) => {
        let product = 0
        for (let f = 0; f < features; f++) {
          product +=
            (q[(pair * queries + i) * features + f] as number) *
            (k[(pair * keys + j) * features + f] as number)
        }
        const hidden = causal && j > i
        const row = Math.floor(pair / heads)
        return hidden ? -Infinity : product / Math.sqrt(features) + of.bias(row, pair % heads, i, j)
      })
      const most = Math.max(...scores)
      const exps = scores.map((score) => (most === -Infinity ? 0 : Math.exp(score - most)))
      const keep = exps.map((_, j) => {
        const at = (pair * queries + i) * keys + j
        return ((kept[at >> 3] as number) >> (at & 7)) & 1
      })
      const sum = exps.reduce((sum, e, j) => sum + (renormalize ? e * (keep[j] as number) : e), 0)
      const factor = sum === 0 ? 0 : 1 / (sum * (renormalize ? 1 : 1 - rate))
      for (let f = 0; f < valueFeatures; f++) {
        const total = exps.reduce(
          (total, e, j) =>
            total + e * (keep[j] as number) * (v[(pair * keys + j) * valueFeatures + f] as number),
          0,
        )
        out.push(total * factor)
      }
    }
  }
  return out
}

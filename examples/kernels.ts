/** Dropout on plain arrays: forward and backward from a seed, with no mask kept in between. */
import { dropout, dropoutBackward, Mask, MaskStream } from 'inverted-dropout'

const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const dy = new Float32Array(8).fill(1)

// Dropped elements are 0, the others are divided by 1 - rate. The gradient goes through the same mask, which is
// computed again from the seed.
console.log('y ', ...dropout(x, { rate: 0.5, seed: 7n }))
console.log('dx', ...dropoutBackward(dy, { rate: 0.5, seed: 7n }))

// Rows have an identity: row 12 drops the same elements alone and in any batch.
const batch = dropout(x, { rate: 0.5, seed: 7n, shape: [2, 4], ids: Uint32Array.of(12, 80) })
const alone = dropout(x.subarray(0, 4), { rate: 0.5, seed: 7n, shape: [1, 4], ids: Uint32Array.of(12) })
console.log('row 12 in a batch', ...batch.subarray(0, 4))
console.log('row 12 alone     ', ...alone)

// A mask is a recipe of a few numbers: it can be written, sent elsewhere and asked about any stretch of its lanes.
const stream = new MaskStream({ seed: 42n })
const mask = stream.mask({ rate: 0.1 })
const copy = Mask.from(JSON.parse(JSON.stringify(mask)))
console.log(`${JSON.stringify(mask)} keeps ${copy.count(1_000_000)} of a million`)

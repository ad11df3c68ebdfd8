import { Mask } from '../../index.js'

/** Bits of the random number that orders the rows: enough that two of some hundred rows hardly ever share one. */
const KEY_BITS = 32

/**
 * Divides rows into parts of the given shares, which add up to 1, so that every part has the same share of every class
 * to within one row. The random order comes from the mask stream: it is the same on every machine.
 *
 * @returns the rows of each part, in ascending order.
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  shares: readonly number[],
  seed: bigint,
): number[][] {
  const keys = randomKeys(labels.length, seed)
  const parts: number[][] = shares.map(() => [])
  const rows = Array.from({ length: labels.length }, (_, row) => row)
  for (const label of new Set(Array.from(labels))) {
    const ofClass = rows.filter((row) => labels[row] === label)
    ofClass.sort((a, b) => keys[a]! - keys[b]! || a - b)
    let start = 0
    let share = 0
    for (const [part, size] of shares.entries()) {
      share += size
      const end = part === shares.length - 1 ? ofClass.length : Math.round(share * ofClass.length)
      parts[part]!.push(...ofClass.slice(start, end))
      start = end
    }
  }
  return parts.map((part) => part.sort((a, b) => a - b))
}

/** One random integer a row: bit `j` is the row's keep bit in the mask of step `j` at rate 1/2. */
function randomKeys(rows: number, seed: bigint): Uint32Array {
  const keys = new Uint32Array(rows)
  for (let bit = 0; bit < KEY_BITS; bit++) {
    const kept = Mask.from({ rate: 0.5, seed, domain: 'split', step: bit }).bits(rows)
    for (let row = 0; row < rows; row++) keys[row] = (keys[row]! << 1) | ((kept[row >> 3]! >> (row & 7)) & 1)
  }
  return keys
}

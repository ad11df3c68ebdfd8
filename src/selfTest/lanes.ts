/** Packed keep bits as words of 32 lanes; the bytes are a whole number of words at an address of their own. */
export function asWords(bits: Uint8Array): Uint32Array {
  return new Uint32Array(bits.buffer, bits.byteOffset, bits.length >> 2)
}

/** How many bits of a word are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** How many of packed lanes are kept; bits past the last lane are 0. */
export function countKept(bits: Uint8Array): number {
  const words = asWords(bits)
  let kept = 0
  for (let i = 0; i < words.length; i += 1) kept += ones(words[i] as number)
  for (let i = bits.length & ~3; i < bits.length; i += 1) kept += ones(bits[i] as number)
  return kept
}

/** How often lanes of two masks are kept, alone and together. */
export interface Overlap {
  lanes: number
  first: number
  second: number
  both: number
}

/** Adds the lanes of two masks, side by side, to `overlap`. */
export function addOverlap(overlap: Overlap, first: Uint32Array, second: Uint32Array): void {
  let [a, b, both] = [0, 0, 0]
  for (let i = 0; i < first.length; i += 1) {
    const x = first[i] as number
    const y = second[i] as number
    a += ones(x)
    b += ones(y)
    both += ones(x & y)
  }
  overlap.lanes += 32 * first.length
  overlap.first += a
  overlap.second += b
  overlap.both += both
}

/** The lanes from `lag` on, as many words as are asked for. */
export function shifted(words: Uint32Array, lag: number, length: number): Uint32Array {
  const first = lag >>> 5
  const shift = lag & 31
  if (shift === 0) return words.subarray(first, first + length)
  return Uint32Array.from({ length }, (_, i) => {
    const low = (words[first + i] as number) >>> shift
    return low | ((words[first + i + 1] as number) << (32 - shift))
  })
}

/** Adds 1 to `counts[i]` for each kept lane i. */
export function addPositions(counts: Float64Array, bits: Uint8Array): void {
  for (let i = 0; i < counts.length; i += 1) {
    counts[i] = (counts[i] as number) + (((bits[i >> 3] as number) >> (i & 7)) & 1)
  }
}

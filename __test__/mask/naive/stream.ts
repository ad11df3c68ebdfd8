/** The mask stream in plain TypeScript, as `docs/mask-stream.md` says it: slow, and obviously right. */

export interface NaiveAddress {
  readonly seed: bigint
  readonly site: number
  /** The number of the domain. */
  readonly domain: number
  readonly step: number
  readonly sample: number
  readonly shared: boolean
}

const MASK = 0xffffffffn

/** Philox4x32-10 (Salmon et al. 2011). */
export function philox(counter: readonly number[], seed: bigint): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
  let [k0, k1] = [seed & MASK, seed >> 32n]
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n]
    ;[c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & MASK, (p0 >> 32n) ^ c3 ^ k1, p0 & MASK]
    k0 = (k0 + 0x9e3779b9n) & MASK
    k1 = (k1 + 0xbb67ae85n) & MASK
  }
  return [c0, c1, c2, c3].map(Number)
}

/** The four words of a lane group in a plane. */
export function words(address: NaiveAddress, group: number, plane: number): number[] {
  const { seed, site, domain, step, sample, shared } = address
  const place = site + 2 ** 16 * (domain + (shared ? 128 : 0)) + 2 ** 24 * plane
  return philox([shared ? 0 : sample, group, step, place], seed)
}

/** The threshold of a rate, round(p * 2^64), exact in a bigint; 2^64 for a rate of 1. */
export function threshold(rate: number): bigint {
  // Doubles are scaled by 2^64 exactly; what is left behind the point is rounded to even, as in the core.
  const scaled = rate * 2 ** 64
  const floor = Math.floor(scaled)
  const rest = scaled - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1)
  return BigInt(floor) + (up ? 1n : 0n)
}

/** Whether a lane of a group is kept: its 64-bit uniform is not below the threshold. */
export function isKept(address: NaiveAddress, group: number, lane: number, rate: number): boolean {
  let uniform = 0n
  for (let plane = 0; plane < 8; plane++) {
    const word = words(address, group, plane)[lane >> 5] as number
    uniform = (uniform << 1n) | BigInt((word >>> (lane & 31)) & 1)
  }
  const [low, high] = words(address, group, 128 + lane) as [number, number]
  const rest = (BigInt(low) | (BigInt(high) << 32n)) & ((1n << 56n) - 1n)
  return ((uniform << 56n) | rest) >= threshold(rate)
}

/** Whether lane i of a sample is kept. */
export function isLaneKept(address: NaiveAddress, lane: number, rate: number): boolean {
  return isKept(address, Math.floor(lane / 128), lane % 128, rate)
}

/** The 64-bit key of a lane. */
export function key(address: NaiveAddress, lane: number): bigint {
  const word = (index: number): bigint => BigInt(words(address, index >> 2, 16)[index & 3] as number)
  return word(2 * lane) | (word(2 * lane + 1) << 32n)
}

/** Packed bits as booleans. */
export function unpack(bits: Uint8Array, length: number): boolean[] {
  return Array.from({ length }, (_, i) => (((bits[i >> 3] as number) >> (i & 7)) & 1) === 1)
}

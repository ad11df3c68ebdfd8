import { mask, type StructuredMask } from 'inverted-dropout'
import { bit, cells, maps, type Picture, type Tile } from './tile.js'

/** Samples that the mean is taken over; sample 0 is shown. */
const ids = Uint32Array.from({ length: 2000 }, (_, i) => i)

/** A mask whose sample 0 is drawn from its keep bits. */
function tile(
  [name, note]: readonly [string, string],
  m: StructuredMask,
  draw: (kept: (element: number) => number) => Picture,
  asked: number = m.expectedRate,
): Tile {
  const bits = m.bits({ ids: [0] })
  const mean = 1 - m.count({ ids }) / (ids.length * m.elements)
  const { svg, dropped } = draw((i) => bit(bits, i))
  return { name, note, asked, here: dropped, mean, svg }
}

/** A picture of one matrix, row-major. */
const matrix = (width: number, height: number) => (kept: (element: number) => number) =>
  cells(width, height, (x, y) => kept(y * width + x))

/** A picture of `count` maps of `side` by `side`, channels first or last. */
const montage =
  (columns: number, count: number, side: number, last = false) =>
  (kept: (element: number) => number) =>
    maps(columns, count / columns, side, (map) => (x, y) => {
      const position = y * side + x
      return kept(last ? position * count + map : map * side * side + position)
    })

const seed = 7n
const image = { shape: [1, 1, 48, 48], layout: 'NCHW', seed } as const
const channels = { shape: [1, 16, 12, 12], layout: 'NCHW', seed } as const

/** Elements, and lanes that serve several elements. */
export const broadcasts = (): Tile[] => [
  tile(
    ['element', 'each on its own (Srivastava 2014)'],
    mask.element({ rate: 0.25, shape: [1, 48, 48], seed }),
    matrix(48, 48),
  ),
  tile(
    ['element, rate per feature', 'from 0 on the left to 1'],
    mask.element({ rate: Array.from({ length: 48 }, (_, i) => i / 47), shape: [1, 48, 48], seed }),
    matrix(48, 48),
  ),
  tile(['exactly', '8 of 64, in each of 48 rows'], mask.exactly({ drop: 8, size: 64, seed }), () => {
    const rows = mask.exactly({ drop: 8, size: 64, seed, rows: 48 }).bits()
    return cells(64, 48, (x, y) => bit(rows, 64 * y + x))
  }),
  tile(
    ['broadcast', 'noise shape [1, 48]'],
    mask.broadcast({ rate: 0.25, shape: [1, 48, 48], noiseShape: [null, 1, 48], seed }),
    matrix(48, 48),
  ),
  shared(),
  tile(
    ['weights (DropConnect)', 'a matrix, 48 by 48 (Wan 2013)'],
    mask.weights({ rate: 0.5, shape: [48, 48], per: 'sample', seed }),
    matrix(48, 48),
  ),
]

/** One mask for all rows: what varies is the step. */
function shared(): Tile {
  const at = (step: number) => mask.element({ rate: 0.25, shape: [48, 48], seed, share: 'batch', step })
  const bits = at(0).bits()
  const { svg, dropped } = cells(48, 48, (x, y) => bit(bits, 48 * y + x))
  const kept = Array.from(ids, (step) => at(step).count({ ids: [0] })).reduce((sum, kept) => sum + kept, 0)
  const name = "share: 'batch'"
  return {
    name,
    note: 'one mask for all rows',
    asked: 0.25,
    here: dropped,
    mean: 1 - kept / (ids.length * 48),
    svg,
  }
}

/** Maps: channels and blocks. */
export const images = (): Tile[] => [
  tile(
    ['channel, NCHW', 'whole maps (Tompson 2015)'],
    mask.channel({ rate: 0.25, ...channels }),
    montage(4, 16, 12),
  ),
  tile(
    ['channel, NHWC', 'the same, channels innermost'],
    mask.channel({ rate: 0.25, ...channels, shape: [1, 12, 12, 16], layout: 'NHWC' }),
    montage(4, 16, 12, true),
  ),
  tile(
    ['block 7 (DropBlock)', 'within the map (Ghiasi 2018)'],
    mask.block({ rate: 0.25, blockSize: 7, ...image }),
    matrix(48, 48),
  ),
  tile(
    ['block 7, clipped', 'regions reach past the border'],
    mask.block({ rate: 0.25, blockSize: 7, border: 'clipped', ...image }),
    matrix(48, 48),
  ),
  tile(
    ["block 7, rule: 'paper'", "the paper's seed rate: too few"],
    mask.block({ rate: 0.5, blockSize: 7, rule: 'paper', ...image }),
    matrix(48, 48),
    0.5,
  ),
  tile(
    ['block 4, per channel', '9 maps, each its own regions'],
    mask.block({ rate: 0.25, blockSize: 4, shape: [1, 9, 16, 16], layout: 'NCHW', seed }),
    montage(3, 9, 16),
  ),
  tile(
    ['block 4, shared', '9 maps, the same regions'],
    mask.block({
      ...{ rate: 0.25, blockSize: 4, shape: [1, 9, 16, 16], layout: 'NCHW', shareChannels: true },
      seed,
    }),
    montage(3, 9, 16),
  ),
  tile(
    ['block 4 in a volume', '9 slices of 9 x 16 x 16'],
    mask.block({ rate: 0.25, blockSize: 4, shape: [1, 1, 9, 16, 16], layout: 'NCDHW', seed }),
    montage(3, 9, 16),
  ),
]

/** Sequences, attention, residual branches. */
export const sequences = (): Tile[] => [
  tile(
    ['sequence', 'time goes down (Gal 2016)'],
    mask.sequence({ rate: 0.25, shape: [1, 48, 48], seed, step: 3 }),
    matrix(48, 48),
  ),
  tile(
    ['sequence, freshEachStep', '(Zaremba 2014)'],
    mask.sequence({ rate: 0.25, shape: [1, 48, 48], freshEachStep: true, seed }),
    matrix(48, 48),
  ),
  ...(['element', 'key', 'row', 'head'] as const).map((per) =>
    tile(
      [`attention, per ${per}`, ATTENTION[per]],
      mask.attention({ rate: 0.25, shape: [1, 9, 16, 16], per, seed, step: 9 }),
      montage(3, 9, 16),
    ),
  ),
  tile(
    ['dropPath', '12 branches across (Huang 2016)'],
    mask.dropPath({ rate: 0.25, shape: [1, 12], seed }),
    () => {
      const branches = Array.from({ length: 12 }, (_, site) =>
        mask.dropPath({ rate: 0.25, shape: [48, 1], seed, site }).bits(),
      )
      return cells(12, 48, (x, y) => bit(branches[x] as Uint8Array, y))
    },
  ),
]

const ATTENTION = {
  element: 'single weights (Vaswani 2017)',
  key: 'a key for all queries (Zehui 2019)',
  row: 'all keys of a query',
  head: 'whole heads (Zhou 2020)',
}

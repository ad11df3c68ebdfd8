/** One mask of the sheet: its picture, and how often it was asked to drop and drops. */
export interface Tile {
  readonly name: string
  /** What drops together, and who says so. */
  readonly note: string
  /** What is counted, where it is not what drops. */
  readonly quantity?: string | undefined
  /** Undefined where no rate is asked for. */
  readonly asked: number | undefined
  /** What it is in the picture. */
  readonly here: number
  /** What it is over many samples. */
  readonly mean: number
  /** SVG in a square of {@link SIDE} by {@link SIDE}. */
  readonly svg: string
}

/** A picture, and the share of its cells that drop. */
export interface Picture {
  readonly svg: string
  readonly dropped: number
}

/** The side of a picture. */
export const SIDE = 160

export const KEPT = '#24476b'
export const DROPPED = '#e6edf4'

/** What a cell of a picture shows: 0 = dropped, 1 = kept, anything between in shades, `undefined` = nothing. */
export type Shade = (x: number, y: number) => number | undefined

/** Cells as squares or oblongs that fill the picture, equal ones side by side in one piece. */
export function cells(width: number, height: number, shade: Shade): Picture {
  const paths = new Map<string, string>()
  let [shown, dropped] = [0, 0]
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, end = 0; x < width; x = end) {
      const color = colorOf(shade(x, y))
      for (end = x + 1; end < width && colorOf(shade(end, y)) === color; ) end += 1
      if (color === undefined) continue
      paths.set(color, `${paths.get(color) ?? ''}M${x} ${y}h${end - x}v1H${x}z`)
      shown += end - x
      if (color === DROPPED) dropped += end - x
    }
  }
  const drawn = [...paths].map(([color, path]) => `<path fill="${color}" d="${path}"/>`).join('')
  const scale = `scale(${SIDE / width} ${SIDE / height})`
  const svg = `<g transform="${scale}" shape-rendering="crispEdges">${drawn}</g>`
  return { svg, dropped: dropped / shown }
}

/** Several maps in rows and columns, with a cell between them that shows nothing. */
export function maps(columns: number, rows: number, side: number, shade: (map: number) => Shade): Picture {
  const pitch = side + 1
  return cells(columns * pitch - 1, rows * pitch - 1, (x, y) => {
    const [column, row] = [Math.floor(x / pitch), Math.floor(y / pitch)]
    const [inX, inY] = [x % pitch, y % pitch]
    return inX === side || inY === side ? undefined : shade(row * columns + column)(inX, inY)
  })
}

/** Eight shades are enough to look at. */
const SHADES = 8

function colorOf(value: number | undefined): string | undefined {
  if (value === undefined) return undefined
  const share = Math.round(Math.min(Math.max(value, 0), 1) * SHADES) / SHADES
  const mix = (i: number): string => {
    const [from, to] = [DROPPED, KEPT].map((color) => Number.parseInt(color.slice(i, i + 2), 16))
    const byte = Math.round((from as number) + share * ((to as number) - (from as number)))
    return byte.toString(16).padStart(2, '0')
  }
  return `#${mix(1)}${mix(3)}${mix(5)}`
}

/** Bit `i` of packed keep bits: 1 = kept. */
export function bit(bits: Uint8Array, i: number): number {
  return ((bits[i >> 3] as number) >> (i & 7)) & 1
}

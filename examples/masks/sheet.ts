import { SIDE, type Tile } from './tile.js'

const COLUMNS = 6
const MARGIN = 24
const GAP = 26
/** Four lines of text under each picture. */
const TEXT = 58

/** All tiles as one SVG. */
export function sheet(title: string, tiles: readonly Tile[]): string {
  const rows = Math.ceil(tiles.length / COLUMNS)
  const width = 2 * MARGIN + COLUMNS * (SIDE + GAP) - GAP
  const top = MARGIN + 28
  const height = top + rows * (SIDE + TEXT + GAP) - GAP + MARGIN
  const placed = tiles.map((tile, i) => {
    const x = MARGIN + (i % COLUMNS) * (SIDE + GAP)
    const y = top + Math.floor(i / COLUMNS) * (SIDE + TEXT + GAP)
    return `<g transform="translate(${x} ${y})">${tile.svg}${caption(tile)}</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ' font-family="system-ui, sans-serif" font-size="9" fill="#333">',
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 8}" font-size="15" font-weight="600">${escaped(title)}</text>`,
    ...placed,
    '</svg>',
    '',
  ].join('\n')
}

/** A rate in percent, as exact as it is interesting. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** What was asked for and what many samples give; what the picture shows. */
export function rates({ quantity, asked, here, mean }: Tile): [string, string] {
  const say = quantity === 'variance' ? (value: number) => value.toFixed(3) : percent
  const of = quantity === undefined ? '' : ` ${quantity}`
  const wanted = asked === undefined ? '' : `asked ${say(asked)}${of}, `
  return [`${wanted}mean ${say(mean)}`, `in the picture ${say(here)}`]
}

function caption(tile: Tile): string {
  const lines = [
    `<text y="${SIDE + 15}" font-size="11" font-weight="600">${escaped(tile.name)}</text>`,
    ...[tile.note, ...rates(tile)].map(
      (line, i) => `<text y="${SIDE + 28 + 12 * i}">${escaped(line)}</text>`,
    ),
  ]
  return lines.join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

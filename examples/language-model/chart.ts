/** Loss curves as a line of text and as a picture. */

/** The values that a network had epoch by epoch. */
export interface Curve {
  readonly name: string
  readonly values: readonly number[]
  readonly colour: string
  /** Drawn in dashes. */
  readonly dashed: boolean
}

const BARS = '▁▂▃▄▅▆▇█'

/** Values as bars from the lowest to the highest of `range`. */
export function sparkline(values: readonly number[], [low, high]: readonly [number, number]): string {
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)))
  return values.map((value) => BARS[Math.round(share(value) * (BARS.length - 1))]).join('')
}

const WIDTH = 640
const HEIGHT = 400
const LEFT = 60
const RIGHT = 180
const TOP = 50
const BOTTOM = 50

/** Curves over epochs as SVG, with a line across where a simpler model stands. */
export function lineChart(
  title: string,
  unit: string,
  curves: readonly Curve[],
  baseline: { readonly name: string; readonly value: number },
): string {
  const epochs = Math.max(...curves.map(({ values }) => values.length))
  const all = [...curves.flatMap(({ values }) => values), baseline.value]
  const low = Math.floor(Math.min(...all) * 5) / 5
  const high = Math.ceil(Math.max(...all) * 5) / 5
  const x = (epoch: number) => LEFT + ((epoch - 1) / Math.max(1, epochs - 1)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM)
  const text = (words: string, left: number, top: number, anchor = 'start') =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" text-anchor="${anchor}">${words}</text>`
  const across = (value: number, style: string) =>
    `<path d="M${LEFT} ${y(value).toFixed(1)}H${WIDTH - RIGHT}" ${style}/>`
  const ticks = Array.from({ length: 5 }, (_, i) => low + (i * (high - low)) / 4)
  const drawn = curves.map(({ name, values, colour, dashed }, i) => {
    const points = values.map((value, epoch) => `${x(epoch + 1).toFixed(1)} ${y(value).toFixed(1)}`)
    const style = `fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="6 3"' : ''}`
    const [left, top] = [WIDTH - RIGHT + 16, TOP + 14 + 20 * i]
    const legend = `<path d="M${left} ${top - 4}h24" ${style}/>${text(name, left + 30, top)}`
    return `<path d="M${points.join('L')}" ${style}/>${legend}`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`,
    ' font-family="system-ui, sans-serif" font-size="11" fill="#333">',
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="26" font-size="15" font-weight="600">${title}</text>`,
    text(unit, LEFT, TOP - 8),
    ...ticks.flatMap((value) => [
      across(value, 'stroke="#ddd"'),
      text(value.toFixed(2), LEFT - 8, y(value) + 4, 'end'),
    ]),
    across(baseline.value, 'stroke="#999" stroke-dasharray="2 3"'),
    text(baseline.name, WIDTH - RIGHT + 16, y(baseline.value) + 4),
    text('1', x(1), HEIGHT - BOTTOM + 18, 'middle'),
    text(`epoch ${epochs}`, x(epochs), HEIGHT - BOTTOM + 18, 'middle'),
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}

import { BrailleCanvas, type Paint } from './braille.js'

/** One line of a chart: values at equal distances. */
export interface Series {
  readonly values: readonly number[]
  /** Dotted lines can be told from solid ones without colours. */
  readonly dotted?: boolean
  readonly paint?: Paint
}

export interface LineChartOptions {
  /** Width of the plot itself in characters, without the axis. */
  readonly columns: number
  /** Height of the plot itself in lines. */
  readonly rows: number
  /** The value at the top; the bottom is 0. Values above are drawn on the upper edge. */
  readonly top: number
  /** What stands under the left and the right end. */
  readonly ends: readonly [string, string]
}

/** Characters left of the plot: a value and the axis. */
export const AXIS_COLUMNS = 6

/** One dot in this many is drawn of a dotted line. */
const DOTTED_STEP = 3

/** A line chart over an axis from 0 to `top`: `rows` lines and one with the ends of the horizontal axis. */
export function lineChart(
  series: readonly Series[],
  { columns, rows, top, ends }: LineChartOptions,
): string[] {
  const canvas = new BrailleCanvas(columns, rows)
  for (const line of series) draw(canvas, line, top)
  const labels = new Map([
    [0, top],
    [rows >> 1, top * (1 - (rows >> 1) / rows)],
  ])
  const plot = canvas.lines().map((line, row) => `${axis(labels.get(row))}${line}`)
  const [left, right] = ends
  return [...plot, `${' '.repeat(AXIS_COLUMNS)}${left}${right.padStart(columns - left.length)}`]
}

function axis(label: number | undefined): string {
  const text = label === undefined ? '' : label.toPrecision(2)
  return `${text.padStart(AXIS_COLUMNS - 2)} ${label === undefined ? '│' : '┤'}`
}

/** Draws one dot column at a time, from the height before to the height here, so that steep lines stay whole. */
function draw(canvas: BrailleCanvas, { values, dotted, paint }: Series, top: number): void {
  let before: number | undefined
  for (let x = 0; x < canvas.width; x++) {
    const value = sampleAt(values, x / (canvas.width - 1))
    const height = Math.min(1, Math.max(0, value / top))
    const y = Math.round((1 - height) * (canvas.height - 1))
    if (dotted) {
      if (x % DOTTED_STEP === 0) canvas.dot(x, y, paint)
      continue
    }
    const from = before === undefined ? y : before + Math.sign(y - before)
    for (let step = Math.min(from, y); step <= Math.max(from, y); step++) canvas.dot(x, step, paint)
    before = y
  }
}

/** The value at a place from 0 to 1, by linear interpolation. */
function sampleAt(values: readonly number[], place: number): number {
  const position = place * (values.length - 1)
  const left = Math.floor(position)
  const right = Math.min(left + 1, values.length - 1)
  return values[left]! + (values[right]! - values[left]!) * (position - left)
}

import { median, type Seconds } from './measure.js'
import type { Row } from './rows.js'

/** The seconds of all rivals in one run of a row. */
export type Sample = Record<string, Seconds>

/** Medians of all rivals for one row, by rival. */
export interface Line {
  readonly row: Row
  readonly seconds: Readonly<Sample>
  /** The median over runs of a rival's time over that of the baseline in the same run. */
  readonly ratios: Readonly<Record<string, number | undefined>>
}

/** Medians over the runs of a row. */
export function summary(
  row: Row,
  samples: readonly Sample[],
  rivals: readonly string[],
  baseline: string,
): Line {
  const medianOf = (value: (sample: Sample) => number | undefined) => {
    const values = samples.map(value).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  const over = (seconds: Seconds, base: Seconds) =>
    seconds === undefined || base === undefined ? undefined : seconds / base
  const of = (value: (sample: Sample, rival: string) => number | undefined) =>
    Object.fromEntries(rivals.map((rival) => [rival, medianOf((sample) => value(sample, rival))]))
  return {
    row,
    seconds: of((sample, rival) => sample[rival]),
    ratios: of((sample, rival) => (rival === baseline ? undefined : over(sample[rival], sample[baseline]))),
  }
}

/**
 * A Markdown table: a row for each workload, a column for each rival, and in brackets how many times as long as
 * the baseline it took. Rivals that have nothing to show are left out.
 */
export function table(lines: readonly Line[], names: readonly string[]): string {
  const rivals = names.filter((rival) => lines.some(({ seconds }) => seconds[rival] !== undefined))
  const head = ['', ...rivals]
  const body = lines.map(({ row, seconds, ratios }) => [
    `${row.name} (${unit(row).name})`,
    ...rivals.map((rival) => cell(row, seconds[rival], ratios[rival])),
  ])
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((cells) => cells[column]!.length), 3),
  )
  const print = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [print(head), print(rule), ...body.map(print)].join('\n')
}

function unit(row: Row): { name: string; perSecond: number } {
  if (row.measure === 'trainingStep') return { name: 'us', perSecond: 1e6 }
  if (row.measure === 'attention' || row.measure === 'attentionAndBackward')
    return { name: 'ms', perSecond: 1e3 }
  return { name: 'ns/element', perSecond: 1e9 }
}

function cell(row: Row, seconds: Seconds, ratio: number | undefined): string {
  if (seconds === undefined) return '-'
  const value = figure(seconds * unit(row).perSecond)
  return ratio === undefined ? value : `${value} (${figure(ratio)}x)`
}

/** Three significant digits, without an exponent. */
function figure(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

import type { Seconds } from './measure.js'
import type { Row } from './rows.js'

/** Medians of all rivals for one row, by rival. */
export interface Line {
  readonly row: Row
  readonly seconds: Readonly<Record<string, Seconds>>
}

/**
 * A Markdown table: a row for each workload, a column for each rival, and in brackets how many times as long as
 * `baseline` it took. Rivals that have nothing to show are left out.
 */
export function table(lines: readonly Line[], names: readonly string[], baseline: string): string {
  const rivals = names.filter((rival) => lines.some(({ seconds }) => seconds[rival] !== undefined))
  const head = ['', ...rivals]
  const body = lines.map(({ row, seconds }) => [
    `${row.name} (${unit(row).name})`,
    ...rivals.map((rival) => cell(row, seconds[rival], rival === baseline ? undefined : seconds[baseline])),
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

function cell(row: Row, seconds: Seconds, baseline: Seconds): string {
  if (seconds === undefined) return '-'
  const value = figure(seconds * unit(row).perSecond)
  return baseline === undefined ? value : `${value} (${figure(seconds / baseline)}x)`
}

/** Three significant digits, without an exponent. */
function figure(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

import test from 'ava'
import { AXIS_COLUMNS, lineChart } from '../../../src/cli/plot/lineChart.js'

const SIZE = { columns: 10, rows: 4, top: 1, ends: ['1', '20'] as const }

test('as wide and high as asked, with the ends of both axes', (t) => {
  const lines = lineChart([{ values: [1, 0] }], SIZE)
  t.is(lines.length, 5)
  t.true(lines.slice(0, 4).every((line) => line.length === AXIS_COLUMNS + 10))
  t.regex(lines[0]!, /^ 1\.0 ┤/)
  t.regex(lines[2]!, /^0\.50 ┤/)
  t.is(lines[4], '      1       20')
})

test('a falling line goes from the upper left to the lower right without a gap', (t) => {
  const rows = lineChart([{ values: [1, 0] }], SIZE).map((line) => line.slice(AXIS_COLUMNS))
  t.is(rows[0]!.search(/\S/), 0)
  t.is(rows[3]!.trimEnd().length, 10)
  const columns = Array.from({ length: 10 }, (_, column) =>
    rows.slice(0, 4).some((row) => row[column] !== ' '),
  )
  t.true(columns.every(Boolean))
})

test('constant values draw one row: 0 at the bottom, the top and what exceeds it at the top', (t) => {
  const drawnRows = (value: number) =>
    lineChart([{ values: [value, value, value] }], SIZE)
      .slice(0, 4)
      .flatMap((line, row) => (line.slice(AXIS_COLUMNS).trim() === '' ? [] : [row]))
  t.deepEqual(drawnRows(0), [3])
  t.deepEqual(drawnRows(1), [0])
  t.deepEqual(drawnRows(7), [0])
})

test('a dotted line has fewer dots than a solid one', (t) => {
  const dots = (dotted: boolean) => {
    const [row] = lineChart([{ values: [1, 1], dotted }], SIZE)
    return [...row!.slice(AXIS_COLUMNS)].reduce(
      (sum, c) => sum + (c === ' ' ? 0 : popcount(c.codePointAt(0)! - 0x2800)),
      0,
    )
  }
  t.is(dots(false), 20)
  t.is(dots(true), 7)
})

function popcount(value: number): number {
  return value.toString(2).replaceAll('0', '').length
}

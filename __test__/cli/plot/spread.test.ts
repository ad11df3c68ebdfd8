import test from 'ava'
import fc from 'fast-check'
import { spread } from '../../../src/cli/plot/spread.js'

test('the middle 90 %, the middle half and the median, where they are', (t) => {
  t.is(spread({ p05: 0.1, p25: 0.3, median: 0.5, p75: 0.6, p95: 0.9 }, 11), ' ├─██●█──┤ ')
})

test('all in one place', (t) => {
  t.is(spread({ p05: 1, p25: 1, median: 1, p75: 1, p95: 1 }, 5), '    ●')
})

test('as wide as asked, with one median', (t) => {
  const sorted = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(sorted, fc.integer({ min: 2, max: 80 }), (values, columns) => {
      const [p05, p25, median, p75, p95] = values.toSorted((a, b) => a - b) as [
        number,
        number,
        number,
        number,
        number,
      ]
      const line = spread({ p05, p25, median, p75, p95 }, columns)
      t.is(line.length, columns)
      t.is(line.split('●').length, 2)
    }),
  )
})

import test from 'ava'
import { checkRows } from '../../src/validate/rows.js'
import { throwsCode } from '../throws.js'

test('without a shape there are no rows', (t) => {
  t.is(checkRows(undefined, undefined, 6), undefined)
  throwsCode(
    t,
    () => checkRows(undefined, Uint32Array.of(1), 6),
    'ERR_SHAPE',
    '`shape` must be given with `ids`',
  )
})

test('rows have ids, by default their index', (t) => {
  t.deepEqual(checkRows([3, 2], undefined, 6), { ids: Uint32Array.of(0, 1, 2), width: 2 })
  t.deepEqual(checkRows([2, 3, 1], Uint32Array.of(9, 7), 6), { ids: Uint32Array.of(9, 7), width: 3 })
  t.deepEqual(checkRows([6], undefined, 6)?.width, 1)
  t.deepEqual(checkRows([0, 5], undefined, 0), { ids: new Uint32Array(0), width: 0 })
})

test('a shape must fit', (t) => {
  for (const shape of [[], [4], [2, 4], [-2, -3], [2.5, 2], ['2', 3], [Number.NaN]]) {
    throwsCode(
      t,
      () => checkRows(shape, undefined, 6),
      'ERR_SHAPE',
      `got [${shape.join(', ')}] for 6 elements`,
    )
  }
  for (const shape of [6, 'x', { 0: 6 }])
    throwsCode(t, () => checkRows(shape, undefined, 6), 'ERR_TYPE', '`shape`')
})

test('there is one id per row', (t) => {
  const ids = Uint32Array.of(1, 2, 3)
  throwsCode(t, () => checkRows([2, 3], ids, 6), 'ERR_SHAPE', 'one id per row, 2 by `shape`; got 3')
})

import test from 'ava'
import { checkIds, checkRows } from '../../src/validate/rows.js'
import { throwsCode } from '../throws.js'

test('without a shape there are no rows', (t) => {
  t.is(checkRows(undefined, undefined, 6), undefined)
  throwsCode(
    t,
    () => checkRows(undefined, Uint32Array.of(1), 6),
    'ERR_SHAPE',
    '`shape` must be given with `ids`: its first size is the number of rows; got undefined',
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
  throwsCode(t, () => checkRows(new Array(2), undefined, 6), 'ERR_SHAPE', 'got [undefined, undefined]')
  for (const shape of [6, 'x', { 0: 6 }])
    throwsCode(t, () => checkRows(shape, undefined, 6), 'ERR_TYPE', '`shape`')
})

test('shapes and ids may come as any list', (t) => {
  const expected = { ids: Uint32Array.of(9, 4294967295), width: 3 }
  t.deepEqual(checkRows([2, 3], [9, 4294967295], 6), expected)
  t.deepEqual(checkRows(Int32Array.of(2, 3), Float64Array.of(9, 4294967295), 6), expected)
})

test('a Uint32Array of ids is taken as it is', (t) => {
  const ids = Uint32Array.of(3, 4)
  t.is(checkIds(ids, 'ids', 2), ids)
  t.is(checkRows([2, 3], ids, 6)?.ids, ids)
})

test('rows without elements need no ids, however many they are', (t) => {
  t.deepEqual(checkRows([4294967295, 0], undefined, 0), { ids: new Uint32Array(0), width: 0 })
  t.deepEqual(checkRows([2, 0], [5, 6], 0), { ids: Uint32Array.of(5, 6), width: 0 })
  throwsCode(t, () => checkRows([2 ** 32 + 1, 0], undefined, 0), 'ERR_SHAPE', 'got [4294967297, 0]')
})

test('there is one id per row, a whole number of 32 bits', (t) => {
  const allowed = '`ids` must be 2 ids, one for each row; got 3 ids'
  throwsCode(t, () => checkRows([2, 3], Uint32Array.of(1, 2, 3), 6), 'ERR_SHAPE', allowed)
  throwsCode(t, () => checkRows([2, 3], [1, 2 ** 32], 6), 'ERR_RANGE', '`ids[1]`')
  throwsCode(t, () => checkRows([2, 3], [1, '2'], 6), 'ERR_TYPE', '`ids[1]`')
  throwsCode(t, () => checkRows([2, 3], 'all', 6), 'ERR_TYPE', '`ids`')
  throwsCode(t, () => checkRows([1], new Uint32Array(new SharedArrayBuffer(4)), 1), 'ERR_SHARED', '`ids`')
})

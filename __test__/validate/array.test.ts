import { runInNewContext } from 'node:vm'
import test from 'ava'
import { checkFloats } from '../../src/validate/array.js'
import { throwsCode } from '../throws.js'

test('floats are Float32Array or Float64Array', (t) => {
  for (const x of [new Float32Array(2), new Float64Array(0)]) t.is(checkFloats(x, 'x'), x)
  for (const x of [
    [1, 2],
    new Int32Array(2),
    new Uint8Array(2),
    Buffer.alloc(4),
    undefined,
    'x',
    new DataView(new ArrayBuffer(8)),
  ]) {
    throwsCode(t, () => checkFloats(x, 'x'), 'ERR_TYPE', '`x` must be a Float32Array or a Float64Array')
  }
})

test('arrays of another realm are arrays', (t) => {
  const x = runInNewContext('new Float32Array([1, 2])')
  t.false(x instanceof Float32Array)
  t.is(checkFloats(x, 'x'), x)
})

test('shared and detached memory is refused', (t) => {
  throwsCode(
    t,
    () => checkFloats(new Float32Array(new SharedArrayBuffer(8)), 'x'),
    'ERR_SHARED',
    '`x` must be memory of one thread: copy it; got a view of a SharedArrayBuffer',
  )
  const x = new Float32Array(4)
  structuredClone(x.buffer, { transfer: [x.buffer] })
  throwsCode(t, () => checkFloats(x, 'dy'), 'ERR_DETACHED', '`dy` must be memory that is still here')
})

test('a resizable buffer has its current length', (t) => {
  const buffer = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }])
  const x = new Float32Array(buffer)
  buffer.resize(16)
  t.is(checkFloats(x, 'x').length, 4)
})

import { readFileSync } from 'node:fs'
import test from 'ava'
import { argumentError, describe, fromNative } from '../src/errors.js'
import { AbortError, DropoutError, ERROR_CODES } from '../src/index.js'
import { native } from '../src/native/load.js'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the documented codes are those of the code, once each and in order', (t) => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => code)
  t.deepEqual(rows, [...ERROR_CODES])
  t.deepEqual(rows, [...ERROR_CODES].sort())
})

test('every code of the core is known', (t) => {
  const codes = [...read('crate/core/src/error.rs').matchAll(/=> "(ERR_\w+)"/g)].map(([, code]) => code)
  t.true(codes.length > 20)
  const ours: readonly string[] = ERROR_CODES
  t.deepEqual(
    codes.filter((code) => !ours.includes(code as string)),
    [],
  )
})

test('errors say who they are', (t) => {
  const error = new DropoutError('ERR_RATE', 'message')
  t.true(error instanceof Error)
  t.is(String(error), 'DropoutError: message')
  t.is(error.code, 'ERR_RATE')
  const abort = new AbortError('stopped', { epochs: [] })
  t.true(abort instanceof DropoutError)
  t.is(String(abort), 'AbortError: stopped')
  t.is(abort.code, 'ERR_ABORTED')
  t.deepEqual(abort.history, { epochs: [] })
})

test('an argument error names the argument, what it got and what is allowed', (t) => {
  const error = argumentError('ERR_TYPE', 'x', null, 'a number')
  t.is(error.message, '`x` must be a number; got null')
})

test('any value can be described', (t) => {
  t.is(describe('text'), '"text"')
  t.is(describe('x'.repeat(1000)).length, 43)
  t.is(describe(7n), '7n')
  t.is(describe(undefined), 'undefined')
  t.is(describe(Number.NaN), 'NaN')
  t.is(describe(Symbol('s')), 'Symbol(s)')
  t.is(
    describe(() => 1),
    'a function',
  )
  t.is(describe([1, 2]), 'an array of 2')
  t.is(describe(new Int8Array(2)), 'an Int8Array')
  t.is(describe(new Uint8Array(2)), 'a Uint8Array')
  t.is(describe(new Map()), 'an object of class Map')
  t.is(describe(Object.create(null)), 'an object of class null')
})

test('a panic in Rust is an error with a code', (t) => {
  const error = t.throws(() => native.panicForTest())
  const ours = fromNative(error)
  t.is(ours.code, 'ERR_INTERNAL')
  t.true(ours.message.includes('on purpose'))
  t.is(fromNative(ours), ours)
})

test('what the addon refuses without a code is a defect of this library', (t) => {
  const error = t.throws(() => native.maskCount(0.5, 2n ** 64n, 0, 0, 0, 0, 1))
  t.is(fromNative(error).code, 'ERR_INTERNAL')
  t.is(fromNative('text').message, 'text')
})

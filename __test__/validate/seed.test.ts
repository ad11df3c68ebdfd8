import test from 'ava'
import { checkSeed, seedOrDrawn } from '../../src/validate/seed.js'
import { throwsCode } from '../throws.js'

test('a seed is a bigint, a safe integer or a decimal string', (t) => {
  t.is(checkSeed(7n), 7n)
  t.is(checkSeed(7), 7n)
  t.is(checkSeed('7'), 7n)
  t.is(checkSeed(2n ** 64n - 1n), 2n ** 64n - 1n)
  t.is(checkSeed('18446744073709551615'), 2n ** 64n - 1n)
  t.is(checkSeed(Number.MAX_SAFE_INTEGER), 2n ** 53n - 1n)
})

test('what would lose bits or is no number is refused', (t) => {
  const outside = [
    -1n,
    2n ** 64n,
    -1,
    0.5,
    2 ** 53,
    Number.NaN,
    '',
    'x',
    '-1',
    '1e3',
    '0x10',
    '18446744073709551616',
    ' 1',
  ]
  for (const seed of outside) throwsCode(t, () => checkSeed(seed), 'ERR_RANGE', '`seed` must be a bigint')
  for (const seed of [undefined, null, true, {}])
    throwsCode(t, () => checkSeed(seed), 'ERR_TYPE', '`seed` must be')
})

test('without a seed one is drawn', (t) => {
  t.is(seedOrDrawn('7'), 7n)
  const drawn = Array.from({ length: 4 }, () => seedOrDrawn(undefined))
  t.is(new Set(drawn).size, 4)
  for (const seed of drawn) t.is(checkSeed(seed), seed)
})

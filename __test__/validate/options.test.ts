import test from 'ava'
import { checkBoolean, checkOptions, checkWord } from '../../src/validate/options.js'
import { throwsCode } from '../throws.js'

const known = new Set(['rate', 'seed'])

test('unknown options are refused with the list of known ones', (t) => {
  t.notThrows(() => checkOptions({ rate: 1 }, known))
  throwsCode(
    t,
    () => checkOptions({ rat: 1 }, known),
    'ERR_OPTION',
    'has no "rat"; it may have `rate`, `seed`',
  )
})

test('options are an object', (t) => {
  for (const options of [undefined, null, 3, 'rate']) {
    throwsCode(t, () => checkOptions(options, known, 'recipe'), 'ERR_TYPE', '`recipe` must be an object')
  }
})

test('a word is one of a few', (t) => {
  t.is(checkWord('a', 'kind', ['a', 'b'], 'b'), 'a')
  t.is(checkWord(undefined, 'kind', ['a', 'b'], 'b'), 'b')
  throwsCode(t, () => checkWord(undefined, 'kind', ['a', 'b']), 'ERR_TYPE', 'got undefined')
  throwsCode(
    t,
    () => checkWord('c', 'kind', ['a', 'b'], 'b'),
    'ERR_OPTION',
    "`kind` must be one of 'a', 'b'; got \"c\"",
  )
  throwsCode(
    t,
    () => checkWord(3, 'kind', ['a', 'b'], 'b'),
    'ERR_TYPE',
    "`kind` must be one of 'a', 'b'; got 3",
  )
})

test('a boolean is a boolean', (t) => {
  t.false(checkBoolean(false, 'training', true))
  t.true(checkBoolean(undefined, 'training', true))
  throwsCode(t, () => checkBoolean(undefined, 'training'), 'ERR_TYPE', 'got undefined')
  throwsCode(
    t,
    () => checkBoolean(1, 'training', true),
    'ERR_TYPE',
    '`training` must be true or false; got 1',
  )
})

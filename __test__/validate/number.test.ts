import test from 'ava'
import { checkInteger, checkRate } from '../../src/validate/number.js'
import { throwsCode } from '../throws.js'

test('a rate is a number in [0, 1]', (t) => {
  for (const rate of [0, 1e-300, 0.5, 1]) t.is(checkRate(rate), rate)
  for (const rate of [-0.1, 1.0000001, Number.NaN, Infinity, -Infinity]) {
    throwsCode(t, () => checkRate(rate), 'ERR_RATE', `\`rate\` must be a number in [0, 1]; got ${rate}`)
  }
  for (const rate of ['0.5', undefined, null, 1n, {}]) {
    throwsCode(t, () => checkRate(rate, 'p'), 'ERR_TYPE', '`p` must be a number in [0, 1]')
  }
})

test('an integer is whole and in its range', (t) => {
  t.is(checkInteger(3, 'step', 0, 10), 3)
  t.is(checkInteger(undefined, 'step', 0, 10, 4), 4)
  for (const value of [-1, 11, 0.5, Number.NaN, Infinity]) {
    const message = `\`step\` must be a whole number in [0, 10]; got ${value}`
    throwsCode(t, () => checkInteger(value, 'step', 0, 10), 'ERR_RANGE', message)
  }
  for (const value of ['3', undefined, null, 3n]) {
    throwsCode(t, () => checkInteger(value, 'step', 0, 10), 'ERR_TYPE', '`step` must be a whole number')
  }
})

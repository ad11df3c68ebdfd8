import test from 'ava'
import { colorsFor } from '../../../src/cli/terminal/colors.js'
import { fakeOutput } from '../fakeHost.js'

const terminal = fakeOutput({ isTTY: true })
const file = fakeOutput()
const plain = test.macro((t, output: typeof file, environment: Record<string, string>) => {
  t.is(colorsFor(output, environment).red('text'), 'text')
})
const colored = test.macro((t, output: typeof file, environment: Record<string, string>) => {
  t.is(colorsFor(output, environment).red('text'), '\x1b[31mtext\x1b[39m')
})

test('a terminal has colours', colored, terminal, {})
test('a file has none', plain, file, {})
test('NO_COLOR', plain, terminal, { NO_COLOR: '1' })
test('NO_COLOR that is empty says nothing', colored, terminal, { NO_COLOR: '' })
test('NO_COLOR wins over FORCE_COLOR', plain, terminal, { NO_COLOR: '1', FORCE_COLOR: '1' })
test('FORCE_COLOR', colored, file, { FORCE_COLOR: '1' })
test('FORCE_COLOR=0', plain, terminal, { FORCE_COLOR: '0' })
test('a dumb terminal', plain, terminal, { TERM: 'dumb' })

import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { addSelfTest } from '../../src/cli/commands/selfTest.js'
import { EXIT } from '../../src/cli/exitCodes.js'
import { run } from '../../src/cli/program.js'
import { eightBitThreshold, torchvisionBlocks } from '../selfTest/defects.js'
import { fakeHost } from './fakeHost.js'

test('--json prints every test, and nothing else, to standard output', async (t) => {
  const host = fakeHost()
  t.is(await run(['selftest', '--quick', '--json', '--seed', '18446744073709551615'], host), EXIT.success)
  const report = JSON.parse(host.stdout.text)
  t.is(report.seed, '18446744073709551615')
  t.is(report.effort, 'quick')
  t.true(report.passed)
  t.true(report.tests.length > 100)
  t.deepEqual(Object.keys(report.tests[0]).toSorted(), [
    'adjustedPValue',
    'name',
    'pValue',
    'passed',
    'statement',
    'statistic',
    'subject',
    'trials',
  ])
  t.regex(
    host.stderr.text,
    /^rates\n(rates: \d+ %\n)*independence\n[\s\S]*drew \d+ million lanes in \d+\.\d s\n$/,
  )
})

test('a seed is drawn and shown; with it the same report is printed', async (t) => {
  const first = fakeHost()
  t.is(await run(['selftest', '--quick'], first), EXIT.success)
  const seed = /seed (\d+)/.exec(first.stdout.text)?.[1]
  t.truthy(seed)
  const again = fakeHost()
  t.is(await run(['selftest', '--quick', '--seed', seed!], again), EXIT.success)
  t.is(again.stdout.text, first.stdout.text)
  t.regex(first.stdout.text, /All \d+ tests passed\./)
})

test('a defect: exit code 1, the tests that failed, 80 columns, with and without colours', async (t) => {
  const plain = fakeHost({ isTTY: true, environment: { NO_COLOR: '1' } })
  const colored = fakeHost({ isTTY: true })
  for (const host of [plain, colored]) {
    const add = (...[program]: Parameters<typeof addSelfTest>) =>
      addSelfTest(program, host, eightBitThreshold)
    t.is(await run(['selftest', '--quick', '--seed', '1'], host, [add]), EXIT.failure)
  }
  t.regex(plain.stdout.text, /^✗ +11 .* masks drop what is asked for/m)
  t.regex(plain.stdout.text, /^✗ rate 0\.001\n {4}statistic \d+ of \d+, p 0$/m)
  t.regex(plain.stdout.text, /and \d+ more: see --json/)
  t.regex(plain.stderr.text, /error: \d+ of \d+ tests failed\n$/)
  t.not(colored.stdout.text, plain.stdout.text)
  t.is(stripVTControlCharacters(colored.stdout.text), plain.stdout.text)
  for (const line of plain.stdout.text.split('\n')) t.true([...line].length <= 80, line)
})

test('a defect as JSON', async (t) => {
  const host = fakeHost()
  const add = (...[program]: Parameters<typeof addSelfTest>) => addSelfTest(program, host, torchvisionBlocks)
  t.is(await run(['selftest', '--quick', '--seed', '1', '--json'], host, [add]), EXIT.failure)
  const { passed, tests } = JSON.parse(host.stdout.text) as {
    passed: boolean
    tests: { passed: boolean; subject: string }[]
  }
  t.false(passed)
  t.deepEqual(
    [...new Set(tests.filter((result) => !result.passed).map(({ subject }) => subject))],
    ['blocks'],
  )
})

test('Ctrl-C stops at a clean point and leaves no listener', async (t) => {
  const host = fakeHost()
  host.stderr.write = (text) => {
    host.stderr.text += text
    if (text.startsWith('independence')) host.interrupt()
  }
  t.is(await run(['selftest'], host), EXIT.interrupted)
  t.is(host.stdout.text, '')
  t.regex(host.stderr.text, /stopped: after \d+ % of the self-test; nothing was kept\n$/)
  t.is(host.listeners(), 0)
})

test('wrong usage, and help with examples', async (t) => {
  for (const args of [['--quick', '--thorough'], ['--seed', 'x'], ['now']]) {
    const host = fakeHost()
    t.is(await run(['selftest', ...args], host), EXIT.usage)
    t.is(host.stdout.text, '')
  }
  const host = fakeHost()
  t.is(await run(['selftest', '--help'], host), EXIT.success)
  for (const expected of ['--seed <integer>', '--quick', '--thorough', '--json', 'Examples:']) {
    t.true(host.stdout.text.includes(expected), expected)
  }
})

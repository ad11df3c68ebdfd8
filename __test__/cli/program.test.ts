import { readFileSync } from 'node:fs'
import test from 'ava'
import { EXIT } from '../../src/cli/exitCodes.js'
import { run } from '../../src/cli/program.js'
import { fakeHost } from './fakeHost.js'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

test('--help goes to standard output, with examples, exit codes and environment', async (t) => {
  const host = fakeHost()
  t.is(await run(['--help'], host), EXIT.success)
  t.is(host.stderr.text, '')
  for (const expected of ['Usage: inverted-dropout', 'demo', 'Examples:', 'Exit codes:', 'NO_COLOR']) {
    t.true(host.stdout.text.includes(expected), expected)
  }
})

test('every exit code is in the help and in the documentation', async (t) => {
  const host = fakeHost()
  await run(['--help'], host)
  const documentation = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  for (const code of Object.values(EXIT)) {
    t.regex(host.stdout.text, new RegExp(`^ +${code} +\\w`, 'm'))
    t.regex(documentation, new RegExp(`^\\| ${code} +\\|`, 'm'))
  }
})

test('each command has its own help', async (t) => {
  const host = fakeHost()
  t.is(await run(['demo', '--help'], host), EXIT.success)
  t.regex(host.stdout.text, /--seed <integer> .*\(default: 1\)/)
  t.regex(host.stdout.text, /Examples:/)
})

test('--version is the version of the package', async (t) => {
  const host = fakeHost()
  t.is(await run(['--version'], host), EXIT.success)
  t.is(host.stdout.text, `${manifest.version}\n`)
})

const wrongUsage = test.macro(async (t, args: string[], message: RegExp) => {
  const host = fakeHost()
  t.is(await run(args, host), EXIT.usage)
  t.is(host.stdout.text, '', 'standard output is for results')
  t.regex(host.stderr.text, message)
})

test('without a command: the help, on standard error', wrongUsage, [], /Usage: inverted-dropout/)
test('an unknown command', wrongUsage, ['demp'], /unknown command 'demp'[\s\S]*demo/)
test('an unknown option', wrongUsage, ['demo', '--sed', '1'], /unknown option '--sed'[\s\S]*--seed/)
test('too many arguments', wrongUsage, ['demo', 'now'], /too many arguments/)
for (const seed of ['x', '-1', '1.5', '1e3', '', String(2n ** 64n)]) {
  test(
    `--seed "${seed}"`,
    wrongUsage,
    ['demo', '--seed', seed],
    /--seed <integer>.*from 0 to 18446744073709551615/,
  )
}

test('a defect: exit code 1 and where it happened', async (t) => {
  const host = fakeHost()
  host.stdout.write = () => {
    throw new TypeError('a defect')
  }
  t.is(await run(['--version'], host), EXIT.failure)
  t.regex(host.stderr.text, /error: TypeError: a defect\n +at /)
})

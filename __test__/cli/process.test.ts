import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { EXIT } from '../../src/cli/exitCodes.js'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** The command line as a process of its own, with pipes for its streams. */
function start(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import=tsx', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  return { child, ended: once(child, 'close') as Promise<[code: number | null, signal: string | null]> }
}

test('results on standard output, all else on standard error', async (t) => {
  const { child, ended } = start(['demo', '--json'])
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  t.deepEqual(await ended, [EXIT.success, null])
  t.is(JSON.parse(stdout).seed, '1')
  t.regex(stderr, /^training without dropout$/m)
})

test('Ctrl-C: exit code 130', async (t) => {
  const { child, ended } = start(['demo'])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    if (stderr === '') child.kill('SIGINT')
    stderr += chunk
  })
  const stdout = text(child.stdout)
  t.deepEqual(await ended, [EXIT.interrupted, null])
  t.is(await stdout, '')
  t.regex(stderr, /stopped: after \d+ of \d+ epochs/)
})

test('a reader that closes the pipe early is no failure', async (t) => {
  const { child, ended } = start(['--help'])
  child.stdout.destroy()
  const stderr = text(child.stderr)
  t.deepEqual(await ended, [EXIT.success, null])
  t.is(await stderr, '')
})

test('wrong usage: exit code 2', async (t) => {
  const { child, ended } = start(['demo', '--seed', 'abc'])
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  t.deepEqual(await ended, [EXIT.usage, null])
  t.is(stdout, '')
  t.regex(stderr, /--seed/)
})

test('a failure: exit code 1, and what was wrong with its code', async (t) => {
  const { child, ended } = start(['demo'], { INVERTED_DROPOUT_THREADS: 'many' })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  t.deepEqual(await ended, [EXIT.failure, null])
  t.is(stdout, '')
  t.regex(stderr, /error: .*INVERTED_DROPOUT_THREADS.* \(ERR_THREADS\)$/m)
})

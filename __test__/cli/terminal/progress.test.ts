import test from 'ava'
import { createProgress } from '../../../src/cli/terminal/progress.js'
import { fakeOutput } from '../fakeHost.js'

/** Progress whose clock the test sets. */
function start(options: { isTTY?: boolean; columns?: number }, environment: Record<string, string> = {}) {
  const output = fakeOutput(options)
  const clock = { now: 0 }
  return { output, clock, progress: createProgress(output, environment, () => clock.now) }
}

test('a terminal has one line, redrawn in place and taken away at the end', (t) => {
  const { output, clock, progress } = start({ isTTY: true, columns: 80 })
  progress.update('training', 0)
  clock.now = 100
  progress.update('training', 0.5)
  progress.end()
  t.false(output.text.includes('\n'))
  t.deepEqual(output.text.match(/\d+ % training/g), ['0 % training', '50 % training'])
  t.true(output.text.endsWith('\r\x1b[K'))
})

test('a terminal is not redrawn more often than eyes can follow, but always at the end of a task', (t) => {
  const { output, clock, progress } = start({ isTTY: true, columns: 80 })
  for (let epoch = 0; epoch <= 1000; epoch++) {
    clock.now = epoch / 10
    progress.update('training', epoch / 1000)
  }
  t.deepEqual(output.text.match(/\d+ %/g), ['0 %', '50 %', '100 %'])
})

test('the line never wraps', (t) => {
  const { output, progress } = start({ isTTY: true, columns: 30 })
  progress.update('a task whose name is longer than the terminal is wide', 0.5)
  t.true(output.text.length <= '\r'.length + 29 + '\x1b[K'.length)
})

test('elsewhere: a line for each task, and one every five seconds', (t) => {
  const { output, clock, progress } = start({})
  for (let second = 0; second < 12; second++) {
    clock.now = second * 1000
    progress.update('training', second / 12)
  }
  progress.update('predicting', 0)
  progress.end()
  t.is(output.text, 'training\ntraining: 41 %\ntraining: 83 %\npredicting\n')
})

test('nothing is written before there is something to say', (t) => {
  const { output, progress } = start({ isTTY: true })
  progress.end()
  t.is(output.text, '')
})

test('a dumb terminal cannot redraw a line: it has what is written elsewhere', (t) => {
  const { output, progress } = start({ isTTY: true, columns: 80 }, { TERM: 'dumb' })
  progress.update('training', 0)
  progress.end()
  t.is(output.text, 'training\n')
})

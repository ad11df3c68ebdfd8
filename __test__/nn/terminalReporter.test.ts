import test from 'ava'
import type { BatchEvent, EpochEvent } from '../../src/nn/index.js'
import { terminalReporter } from '../../src/nn/index.js'
import { createReporter } from '../../src/nn/terminalReporter.js'
import { fakeOutput } from '../cli/fakeHost.js'
import { throwsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

interface Setting {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly environment?: Record<string, string>
}

/** A reporter whose clock the test sets, in seconds. */
function start({ environment = {}, ...terminal }: Setting) {
  const output = fakeOutput(terminal)
  const clock = { now: 0 }
  const reporter = createReporter(output, environment, () => clock.now * 1000)
  reporter.onBegin?.({ epochs: 20 })
  const at = (seconds: number, event: Partial<BatchEvent>) => {
    clock.now = seconds
    reporter.onBatch?.(batch(event))
  }
  return { output, clock, reporter, at, lines: () => drawn(output.text) }
}

function batch(event: Partial<BatchEvent>): BatchEvent {
  const { epoch = 0, batch = 0 } = event
  return {
    epoch,
    batch,
    batches: 100,
    rows: 32 * (batch + 1),
    step: batch + 1,
    loss: 9,
    meanLoss: 0.54321,
    ...event,
  }
}

function epoch(event: Partial<EpochEvent> = {}): EpochEvent {
  return { epoch: 0, epochs: 20, loss: 0.54321, metrics: {}, learningRate: 0.1, seconds: 1.25, ...event }
}

/** What was drawn or written, without the codes. */
function drawn(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of terminals
  const plain = text.replaceAll(/\x1b\[\d*[mK]/g, '')
  return plain.split(/[\r\n]/).filter((line) => line !== '')
}

const TERMINAL = { isTTY: true, columns: 80 }

test('a terminal has one line, with a bar, the mean loss, the rate and the time left', (t) => {
  const { at, lines, output } = start(TERMINAL)
  at(0, { batch: 9 })
  at(1, { batch: 24 })
  at(2, { batch: 49 })
  t.deepEqual(lines(), [
    'Epoch  1/20 ██░░░░░░░░░░░░░░░░░░░░░░  10 %  loss 0.5432',
    'Epoch  1/20 ██████░░░░░░░░░░░░░░░░░░  25 %  loss 0.5432  480 rows/s  2:12 left',
    'Epoch  1/20 ████████████░░░░░░░░░░░░  50 %  loss 0.5432  640 rows/s  1:38 left',
  ])
  t.false(output.text.includes('\n'))
})

test('it is drawn ten times a second at most', (t) => {
  const { at, lines } = start(TERMINAL)
  for (let number = 0; number < 100; number++) at(number / 1000, { batch: number })
  t.is(lines().length, 1)
  for (let number = 0; number < 100; number++) at(1 + number / 100, { batch: number })
  t.true(lines().length <= 1 + 11)
  t.true(lines().length >= 1 + 9)
})

test('an epoch that ended leaves a line with all its figures', (t) => {
  const { at, reporter, lines, output } = start(TERMINAL)
  at(0, { batch: 0 })
  at(1, { batch: 99 })
  reporter.onEpoch?.(
    epoch({
      metrics: { accuracy: 0.75, meanAbsoluteError: 12 },
      validationLoss: 0.6,
      validationMetrics: { accuracy: 0.5 },
    }),
  )
  t.is(
    lines().at(-1),
    'Epoch  1/20  1.3 s  3,168 rows/s  loss 0.5432  accuracy 0.7500  mean absolute error 12.00  validation loss 0.6000  ' +
      'validation accuracy 0.5000',
  )
  t.true(output.text.endsWith('\n'))
  // The next epoch is drawn at once, below it.
  at(1.01, { epoch: 1, batch: 0 })
  t.true(lines().at(-1)?.startsWith('Epoch  2/20 ░'))
  reporter.onEnd?.()
  t.true(output.text.endsWith('\r\x1b[K'))
})

test('elsewhere there is a line for each epoch and no code of terminals', (t) => {
  for (const setting of [{}, { isTTY: true, environment: { TERM: 'dumb' } }]) {
    const { at, reporter, output } = start(setting)
    at(0, { batch: 0 })
    at(1, { batch: 99 })
    reporter.onEpoch?.(epoch({ metrics: { accuracy: 0.75 } }))
    at(2, { epoch: 1, batch: 99 })
    reporter.onEpoch?.(epoch({ epoch: 1, seconds: 3725 }))
    reporter.onEnd?.()
    t.is(
      output.text,
      'Epoch  1/20  1.3 s  3,168 rows/s  loss 0.5432  accuracy 0.7500\nEpoch  2/20  1:02:05  3,168 rows/s  loss 0.5432\n',
    )
  }
})

test('NO_COLOR takes the colours away and leaves the line', (t) => {
  const coloured = start(TERMINAL)
  const plain = start({ ...TERMINAL, environment: { NO_COLOR: '1' } })
  for (const { at } of [coloured, plain]) at(0, { batch: 50 })
  t.true(coloured.output.text.includes('\x1b[36m'))
  t.false(plain.output.text.includes('\x1b[36m'))
  t.deepEqual(plain.lines(), coloured.lines())
})

test('the line never wraps, and what matters least goes first', (t) => {
  for (let columns = 1; columns < 100; columns++) {
    const { at, lines } = start({ isTTY: true, columns })
    at(0, { batch: 9 })
    at(1, { batch: 49 })
    for (const line of lines()) t.true(line.length < Math.max(2, columns), `${columns}: ${line}`)
    if (columns > 31) t.true(lines().at(-1)?.includes('loss 0.5432'), `${columns}`)
  }
})

test('a source that does not say how long it is has no bar in its first epoch, and one after that', (t) => {
  const { at, reporter, lines } = start(TERMINAL)
  const unknown = (seconds: number, event: Partial<BatchEvent>) => {
    const { batches: _, ...rest } = batch(event)
    at(seconds, { ...rest, ...untyped({ batches: undefined }) })
  }
  unknown(0, { batch: 0 })
  unknown(1, { batch: 49 })
  t.is(lines().at(-1), 'Epoch  1/20  batch 50  loss 0.5432  1,568 rows/s')
  reporter.onEpoch?.(epoch())
  unknown(2, { epoch: 1, batch: 24 })
  t.regex(lines().at(-1) as string, /^Epoch {2}2\/20 █{12}░{12} {2}50 %/)
})

test('a batch that is told after its epoch has ended is not drawn', (t) => {
  const { at, reporter, lines } = start(TERMINAL)
  reporter.onEpoch?.(epoch())
  const before = lines().length
  at(5, { epoch: 0, batch: 99 })
  t.is(lines().length, before)
})

test('a reporter that fails is silent from then on, and the training goes on', async (t) => {
  const data = quadrants(200)
  let calls = 0
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  const history = await classifier().fit(data, {
    epochs: 5,
    reporter: {
      onEpoch() {
        calls++
        throw new Error('no paper')
      },
      onEnd: () => calls++,
    },
  })
  t.is(history.epochs.length, 5)
  t.is(calls, 1)
  t.regex((await warned).message, /no paper/)
})

test('fit tells a reporter from begin to end, and learns the same', async (t) => {
  const data = quadrants(200)
  const output = { ...fakeOutput(), text: '' }
  const told: string[] = []
  const watched = classifier()
  await watched.fit(data, {
    epochs: 3,
    reporter: {
      onBegin: ({ epochs }) => told.push(`begin ${epochs}`),
      onEpoch: ({ epoch }) => told.push(`epoch ${epoch}`),
      onEnd: () => told.push('end'),
    },
  })
  t.deepEqual(told, ['begin 3', 'epoch 0', 'epoch 1', 'epoch 2', 'end'])
  const plain = classifier()
  await plain.fit(data, { epochs: 3, reporter: terminalReporter({ output }) })
  t.deepEqual(plain.parameters(), watched.parameters())
  t.is(output.text.split('\n').length, 4)
  t.regex(output.text, /^(Epoch \d\/3 {2}\d+\.\d s( {2}[\d,]+ rows\/s)? {2}loss \S+ {2}accuracy \S+\n){3}$/)
  const controller = new AbortController()
  const ends: string[] = []
  const aborted = classifier().fit(data, {
    epochs: 1e6,
    signal: controller.signal,
    onEpoch: () => controller.abort(),
    reporter: { onEnd: () => ends.push('end') },
  })
  await t.throwsAsync(aborted)
  t.deepEqual(ends, ['end'])
})

test('a stream that breaks disturbs nobody', async (t) => {
  const { EventEmitter } = await import('node:events')
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns: 80,
    write: () => stream.emit('error', new Error('EPIPE')),
  })
  const reporter = terminalReporter({ output: stream })
  const history = await classifier().fit(quadrants(200), { epochs: 3, reporter })
  t.is(history.epochs.length, 3)
  t.is(stream.listenerCount('error'), 0)
})

test('options are checked', (t) => {
  throwsCode(t, () => terminalReporter({ output: untyped('stderr') }), 'ERR_TYPE', '`options.output`')
  throwsCode(t, () => terminalReporter(untyped({ colour: true })), 'ERR_OPTION', '`output`')
  throwsCode(t, () => terminalReporter(untyped(null)), 'ERR_TYPE', '`options`')
})

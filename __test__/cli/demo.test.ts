import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { runExperiment } from '../../src/cli/demo/experiment.js'
import type { DemoResult } from '../../src/cli/demo/result.js'
import { EXIT } from '../../src/cli/exitCodes.js'
import { run } from '../../src/cli/program.js'
import { fakeHost } from './fakeHost.js'

test('--json prints everything, and nothing else, to standard output', async (t) => {
  const host = fakeHost()
  t.is(await run(['demo', '--json', '--seed', '18446744073709551615'], host), EXIT.success)
  const result = JSON.parse(host.stdout.text) as DemoResult
  t.is(result.seed, '18446744073709551615')
  t.deepEqual(result.cases, { all: 569, malignant: 212, training: 285, validation: 113, test: 171 })
  const { withoutDropout, withDropout } = result.curves
  for (const { training, validation } of [withoutDropout, withDropout]) {
    t.is(training.length, result.training.epochs)
    t.is(validation.length, result.training.epochs)
    t.true(training.at(-1)! < training[0]! / 2, 'it learns')
  }
  t.true(withoutDropout.validation.at(-1)! > Math.min(...withoutDropout.validation), 'and overfits')
  for (const { accuracy, auroc } of [
    result.test.withoutDropout,
    result.test.withDropout,
    result.test.monteCarlo,
  ]) {
    t.true(accuracy > 0.9 && auroc > 0.95)
  }
})

test('the least certain cases come first, each with its spread', async (t) => {
  const host = fakeHost()
  await run(['demo', '--json'], host)
  const { leastCertain, declined, acrossSplits } = JSON.parse(host.stdout.text) as DemoResult
  t.is(leastCertain.length, 5)
  const entropies = leastCertain.map(({ predictiveEntropy }) => predictiveEntropy)
  t.deepEqual(
    entropies,
    entropies.toSorted((a, b) => b - a),
  )
  for (const { mean, predictiveEntropy, mutualInformation, standardDeviation, quantiles } of leastCertain) {
    const entropy = -mean * Math.log(mean) - (1 - mean) * Math.log(1 - mean)
    t.true(Math.abs(predictiveEntropy - entropy) < 1e-5)
    t.true(mutualInformation > 0 && mutualInformation < predictiveEntropy)
    t.true(standardDeviation > 0)
    const { p05, p25, median, p75, p95 } = quantiles
    t.true(0 <= p05 && p05 <= p25 && p25 <= median && median <= p75 && p75 <= p95 && p95 <= 1)
    t.true(p05 <= mean && mean <= p95)
  }
  t.is(declined.cases, 17)
  t.true(declined.accuracyOfRest >= declined.accuracyOfAll)
  t.true(acrossSplits.declined.accuracyOfRest > acrossSplits.declined.accuracyOfAll)
  t.is(acrossSplits.splits, 20)
})

test('the same seed prints the same report, another seed another', async (t) => {
  const report = async (seed: string) => {
    const host = fakeHost()
    t.is(await run(['demo', '--seed', seed], host), EXIT.success)
    return host.stdout.text
  }
  const first = await report('3')
  t.is(await report('3'), first)
  t.not(await report('4'), first)
})

test('the report fits into 80 columns and says the same with and without colours', async (t) => {
  const plain = fakeHost({ isTTY: true, environment: { NO_COLOR: '1' } })
  const colored = fakeHost({ isTTY: true })
  await run(['demo'], plain)
  await run(['demo'], colored)
  t.is(stripVTControlCharacters(plain.stdout.text), plain.stdout.text)
  t.not(colored.stdout.text, plain.stdout.text)
  t.is(stripVTControlCharacters(colored.stdout.text), plain.stdout.text)
  for (const line of plain.stdout.text.split('\n')) t.true([...line].length <= 80, line)
  for (const expected of [
    'without dropout',
    'with dropout 0.5',
    'accuracy',
    'log loss',
    'AUROC',
    'least certain',
  ]) {
    t.true(plain.stdout.text.includes(expected), expected)
  }
})

test('progress goes to standard error: redrawn on a terminal, a few lines elsewhere', async (t) => {
  const terminal = fakeHost({ isTTY: true })
  await run(['demo', '--json'], terminal)
  t.regex(terminal.stderr.text, /\r.* 100 % training without dropout/)
  const pipe = fakeHost()
  await run(['demo', '--json'], pipe)
  t.regex(pipe.stderr.text, /^training without dropout\n/)
  t.is(stripVTControlCharacters(pipe.stderr.text), pipe.stderr.text)
  t.false(pipe.stderr.text.includes('\r'))
  t.true(pipe.stderr.text.split('\n').length < 10)
  t.regex(pipe.stderr.text, /^trained two networks on each of 20 splits and predicted in \d+\.\d s$/m)
})

test('a stop before the first epoch has ended says so', async (t) => {
  const progress = { update: () => {}, end: () => {} }
  const run = runExperiment({ seed: 1n, signal: AbortSignal.abort(), progress })
  await t.throwsAsync(run, { message: 'after no epoch; the demo writes no files, so nothing was kept' })
})

test('Ctrl-C stops at a clean point, says what was kept and leaves no listener', async (t) => {
  const host = fakeHost()
  host.stderr.write = (text) => {
    host.stderr.text += text
    if (text.startsWith('training with dropout')) host.interrupt()
  }
  t.is(await run(['demo'], host), EXIT.interrupted)
  t.is(host.stdout.text, '')
  t.regex(
    host.stderr.text,
    /stopped: after \d+ of 100 epochs of training with dropout 0\.5; .*nothing was kept\n$/,
  )
  t.is(host.listeners(), 0)
})

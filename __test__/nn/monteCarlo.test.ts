import test from 'ava'
import { AbortError } from '../../src/index.js'
import { dense, dropout, sequential } from '../../src/nn/index.js'
import { rejectsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const { x } = quadrants(50)

test('the variance of a linear model is that of theory', async (t) => {
  const model = sequential({ input: [3], output: 'identity', seed: 5n, layers: [dropout(0.1), dense(1)] })
  model.setParameters({ 'layers.1.weight': Float32Array.of(1, 2, 3) })
  const passes = 20_000
  const { mean, variance, standardError, epistemic } = await model.predictMonteCarlo([[1, 1, 1]], { passes })
  // lambda sum w^2 x^2 with lambda = p / (1 - p); the bounds are four standard errors.
  const expected = (0.1 / 0.9) * 14
  t.true(Math.abs((mean[0] as number) - 6) < 4 * Math.sqrt(expected / passes))
  t.true(Math.abs((variance[0] as number) - expected) < 4 * expected * Math.sqrt(6 / passes))
  t.is(standardError[0], Math.sqrt((variance[0] as number) / passes))
  t.deepEqual(epistemic, variance)
})

test('measures follow from the samples', async (t) => {
  const passes = 7
  const result = await classifier().predictMonteCarlo(x, { passes, samples: true })
  t.deepEqual([result.rows, result.width, result.passes], [50, 2, passes])
  const samples = result.samples as Float32Array
  t.is(samples.length, passes * 100)
  const entropy = (p: number[]) => p.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0)
  for (let row = 0; row < 50; row++) {
    const drawn = Array.from({ length: passes }, (_, pass) => [
      ...samples.subarray((pass * 50 + row) * 2).slice(0, 2),
    ])
    const mean = [0, 1].map((k) => drawn.reduce((sum, p) => sum + (p[k] as number), 0) / passes)
    const expected = drawn.reduce((sum, p) => sum + entropy(p), 0) / passes
    const near = (got: number | undefined, want: number) => t.true(Math.abs((got as number) - want) < 1e-9)
    near(result.mean[2 * row], mean[0] as number)
    near(result.predictiveEntropy?.[row], entropy(mean))
    near(result.expectedEntropy?.[row], expected)
    near(result.mutualInformation?.[row], entropy(mean) - expected)
    const squares = drawn.reduce((sum, p) => sum + ((p[0] as number) - (mean[0] as number)) ** 2, 0)
    near(result.variance[2 * row], squares / (passes - 1))
  }
  t.false('samples' in (await classifier().predictMonteCarlo(x, { passes })))
})

test('the same bits for any number of threads', async (t) => {
  const results = await Promise.all(
    [1, 2, 3].map((threads) => classifier().predictMonteCarlo(x, { passes: 70, threads, samples: true })),
  )
  t.deepEqual(results[1], results[0])
  t.deepEqual(results[2], results[0])
})

test('a row keeps its masks in any company, by its id', async (t) => {
  const model = classifier()
  const ids = Array.from({ length: 50 }, (_, row) => 1000 - row)
  const all = await model.predictMonteCarlo(x, { passes: 40, ids })
  const alone = await model.predictMonteCarlo(x.slice(20, 22), { passes: 40, ids: [990] })
  for (const name of ['mean', 'variance'] as const) {
    for (const k of [0, 1])
      t.true(Math.abs((all[name][20 + k] as number) - (alone[name][k] as number)) < 1e-6)
  }
  const other = await model.predictMonteCarlo(x.slice(20, 22), { passes: 40, ids: [991] })
  t.notDeepEqual(other.mean, alone.mean)
})

test('the seed is the model’s or the one given', async (t) => {
  const model = classifier(0.5, '9')
  const own = await model.predictMonteCarlo(x, { passes: 20 })
  t.deepEqual(await model.predictMonteCarlo(x, { passes: 20, seed: 9n }), own)
  t.notDeepEqual((await model.predictMonteCarlo(x, { passes: 20, seed: '10' })).mean, own.mean)
})

test('regressions know epistemic and aleatoric variance', async (t) => {
  const layers = [dense(8, { activation: 'relu' }), dropout(0.5), dense(2)]
  const gaussian = sequential({ input: [2], output: 'gaussian', seed: 1n, layers })
  const first = await gaussian.predictMonteCarlo(x, { passes: 10 })
  t.is(first.width, 1)
  t.is(first.aleatoric?.length, 50)
  t.false('predictiveEntropy' in first)
  const identity = sequential({ input: [2], output: 'identity', seed: 1n, layers })
  const second = await identity.predictMonteCarlo(x, { passes: 10, precision: 4 })
  t.true(second.aleatoric?.every((variance) => variance === 0.25))
  t.false('aleatoric' in (await identity.predictMonteCarlo(x, { passes: 10 })))
})

test('without dropout all passes agree', async (t) => {
  const model = classifier(0)
  const { mean, variance, mutualInformation } = await model.predictMonteCarlo(x, { passes: 5 })
  for (const [i, p] of model.predictSync(x).entries()) t.true(Math.abs(p - (mean[i] as number)) < 1e-6)
  t.true(variance.every((value) => value === 0))
  t.true(mutualInformation?.every((value) => Math.abs(value) < 1e-12))
})

test('progress rises to 1 and a signal stops the passes', async (t) => {
  const done: number[] = []
  await classifier().predictMonteCarlo(x, { passes: 2000, onProgress: (part) => void done.push(part) })
  t.is(done.at(-1), 1)
  t.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  )
  t.true(done.every((part) => part > 0 && part <= 1))
  const told = done.length
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.is(done.length, told, 'nothing is told after the end')

  const endless = { passes: 1_000_000 }
  const error = await t.throwsAsync(
    classifier().predictMonteCarlo(x, { ...endless, signal: AbortSignal.timeout(20) }),
    {
      instanceOf: AbortError,
    },
  )
  t.is((error?.cause as Error | undefined)?.name, 'TimeoutError')
  const aborted = classifier().predictMonteCarlo(x, { ...endless, signal: AbortSignal.abort() })
  await t.throwsAsync(aborted, { instanceOf: AbortError })
  const mine = new Error('mine')
  const onProgress = () => {
    throw mine
  }
  t.is(await t.throwsAsync(classifier().predictMonteCarlo(x, { ...endless, onProgress })), mine)
  // However few passes there are, also where the error comes when all of them are done.
  for (const passes of [2, 300]) {
    t.is(await t.throwsAsync(classifier().predictMonteCarlo(x, { passes, onProgress })), mine)
  }
})

test('bad arguments are refused', async (t) => {
  const model = classifier()
  const run = (options: object) => () => model.predictMonteCarlo(x, untyped(options))
  await rejectsCode(t, run({}), 'ERR_TYPE', '`passes`')
  await rejectsCode(
    t,
    run({ passes: 1 }),
    'ERR_RANGE',
    '`passes` must be a whole number in [2, 4294967295]; got 1',
  )
  await rejectsCode(t, run({ passes: 2, ids: [1] }), 'ERR_SHAPE', '`ids`')
  await rejectsCode(t, run({ passes: 2, seed: -1 }), 'ERR_RANGE', '`seed`')
  await rejectsCode(t, run({ passes: 2, samples: 1 }), 'ERR_TYPE', '`samples`')
  await rejectsCode(t, run({ passes: 2, precision: 0 }), 'ERR_RANGE', '`precision`')
  await rejectsCode(t, run({ passes: 2, threads: -1 }), 'ERR_THREADS', '`threads`')
  await rejectsCode(t, run({ passes: 2, shape: [50] }), 'ERR_SHAPE', '`shape`')
  await rejectsCode(t, run({ passes: 2, onProgress: true }), 'ERR_TYPE', '`onProgress`')
  await rejectsCode(t, run({ passes: 2, signal: true }), 'ERR_TYPE', '`signal`')
  await rejectsCode(t, run({ passes: 2, tolerance: 1 }), 'ERR_OPTION', 'tolerance')
  await rejectsCode(
    t,
    () => model.predictMonteCarlo([[1, Number.NaN]], { passes: 2 }),
    'ERR_NOT_FINITE',
    '`x`',
  )
})

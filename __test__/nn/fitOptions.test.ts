import test from 'ava'
import fc from 'fast-check'
import { DropoutError } from '../../src/index.js'
import { checkFit, readAnswer } from '../../src/nn/fitOptions.js'
import { sgd } from '../../src/nn/index.js'
import { throwsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const MODEL = {
  inputs: { input: [2], width: 2 },
  output: 'softmax',
  outputFeatures: 2,
  outputSteps: 1,
} as const
const TRAIN = quadrants(8)

test('options become those of the core; the schedule leaves the optimiser', (t) => {
  const { options, epochs, train, validation, reading, ...callbacks } = checkFit(
    TRAIN,
    {
      epochs: 3,
      optimizer: sgd({ learningRate: { type: 'cosine', initial: 0.1 }, momentum: 0.9 }),
      batchSize: 4,
      accumulate: 2,
      classWeights: new Float32Array([0.5, 2]) as unknown as number[],
      ema: { decay: 0.99 },
      shuffle: false,
      validation: quadrants(4),
      clipNorm: 1,
      metrics: ['accuracy'],
      earlyStopping: { monitor: 'validationAccuracy', patience: 2, minDelta: 0, restoreBest: false },
      checkpoint: { path: new URL('file:///tmp/a%20b'), everySteps: 7, keep: 3 },
      resume: 'c',
      threads: 2,
      onEpoch: undefined,
    },
    MODEL,
  )
  t.deepEqual(JSON.parse(options), {
    loss: { type: 'crossEntropy' },
    optimizer: { type: 'sgd', momentum: 0.9 },
    learningRate: { type: 'cosine', initial: 0.1 },
    epochs: 3,
    batchSize: 4,
    accumulate: 2,
    classWeights: [0.5, 2],
    ema: { decay: 0.99 },
    shuffle: false,
    clipNorm: 1,
    metrics: ['accuracy'],
    earlyStopping: { monitor: 'validationAccuracy', patience: 2, minDelta: 0, restoreBest: false },
    checkpoint: { path: '/tmp/a b', everySteps: 7, keep: 3 },
    resume: 'c',
    threads: 2,
  })
  t.is(epochs, 3)
  t.like(train, { rows: 8 })
  t.like(validation, { rows: 4 })
  t.deepEqual(reading, { prefetch: 2, batchesPerEpoch: Infinity, model: MODEL })
  t.deepEqual(callbacks, {})
})

test('a bad option is named with what it got and what is allowed', (t) => {
  const check = (change: object) => () => checkFit(TRAIN, untyped({ epochs: 1, ...change }), MODEL)
  throwsCode(t, () => checkFit(TRAIN, undefined, MODEL), 'ERR_TYPE', '`options`')
  throwsCode(t, () => checkFit(TRAIN, {}, MODEL), 'ERR_TYPE', '`epochs`')
  throwsCode(
    t,
    check({ epochs: 0 }),
    'ERR_RANGE',
    '`epochs` must be a whole number in [1, 4294967295]; got 0',
  )
  throwsCode(t, check({ epoch: 3 }), 'ERR_OPTION', '`epochs`')
  throwsCode(t, check({ batchSize: 0 }), 'ERR_RANGE', '`batchSize`')
  throwsCode(
    t,
    check({ accumulate: 33 }),
    'ERR_RANGE',
    '`accumulate` must be a whole number in [1, 32]; got 33',
  )
  throwsCode(t, check({ batchSize: 4, accumulate: 5 }), 'ERR_RANGE', '[1, 4]')
  throwsCode(t, check({ accumulate: 0 }), 'ERR_RANGE', '`accumulate`')
  throwsCode(t, check({ ema: 0.99 }), 'ERR_TYPE', '`ema`')
  throwsCode(t, check({ ema: { decay: 1 } }), 'ERR_RANGE', '`ema.decay` must be a number in [0, 1)')
  throwsCode(t, check({ ema: { rate: 0.9 } }), 'ERR_OPTION', '`ema` has no "rate"')
  throwsCode(t, check({ classWeights: 'even' }), 'ERR_OPTION', "'balanced'")
  throwsCode(t, check({ classWeights: 2 }), 'ERR_TYPE', '`classWeights`')
  throwsCode(t, check({ classWeights: [1, -1] }), 'ERR_RANGE', '`classWeights[1]`')
  throwsCode(t, check({ classWeights: [Infinity, 1] }), 'ERR_RANGE', '`classWeights[0]`')
  throwsCode(t, check({ checkpoint: { path: 'a', keep: 0 } }), 'ERR_RANGE', '`checkpoint.keep`')
  throwsCode(t, check({ shuffle: 'no' }), 'ERR_TYPE', '`shuffle`')
  throwsCode(t, check({ validation: quadrants(0) }), 'ERR_EMPTY', '`validation.x`')
  throwsCode(
    t,
    check({ validationSplit: 1 }),
    'ERR_RANGE',
    '`validationSplit` must be a number in (0, 1); got 1',
  )
  throwsCode(t, check({ validation: TRAIN, validationSplit: 0.5 }), 'ERR_OPTION', '`validationSplit`')
  throwsCode(t, check({ clipNorm: 0 }), 'ERR_RANGE', '`clipNorm`')
  throwsCode(t, check({ metrics: 'accuracy' }), 'ERR_TYPE', '`metrics`')
  throwsCode(t, check({ metrics: ['f1'] }), 'ERR_OPTION', '`metrics[0]`')
  throwsCode(t, check({ metrics: ['accuracy', 'accuracy'] }), 'ERR_OPTION', '`metrics[1]`')
  throwsCode(t, check({ earlyStopping: { monitor: 'valLoss' } }), 'ERR_OPTION', "'validationLoss'")
  throwsCode(t, check({ earlyStopping: { patience: 0 } }), 'ERR_RANGE', '`earlyStopping.patience`')
  throwsCode(t, check({ earlyStopping: { minDelta: -1 } }), 'ERR_RANGE', '`earlyStopping.minDelta`')
  throwsCode(t, check({ earlyStopping: { restoreBest: 1 } }), 'ERR_TYPE', '`earlyStopping.restoreBest`')
  throwsCode(t, check({ earlyStopping: true }), 'ERR_TYPE', '`earlyStopping`')
  throwsCode(t, check({ checkpoint: 'file' }), 'ERR_TYPE', '`checkpoint`')
  throwsCode(t, check({ checkpoint: { path: '' } }), 'ERR_TYPE', '`checkpoint.path`')
  throwsCode(t, check({ checkpoint: { path: 'a', everySteps: 0 } }), 'ERR_RANGE', '`checkpoint.everySteps`')
  throwsCode(t, check({ resume: new URL('http://localhost/') }), 'ERR_TYPE', '`resume`')
  throwsCode(t, check({ threads: 0 }), 'ERR_THREADS', '`threads` must be a whole number in [1, 1024]; got 0')
  throwsCode(t, check({ threads: 'all' }), 'ERR_TYPE', '`threads`')
  throwsCode(
    t,
    check({ optimizer: 'adam' }),
    'ERR_TYPE',
    '`optimizer` must be an optimiser, for instance adam(); got "adam"',
  )
  throwsCode(t, check({ optimizer: {} }), 'ERR_TYPE', '`optimizer.type`')
  throwsCode(t, check({ optimizer: { type: 'sgd', beta1: 1 } }), 'ERR_OPTION', '`optimizer` has no "beta1"')
  throwsCode(
    t,
    check({ optimizer: { type: 'sgd', learningRate: 'cosine' } }),
    'ERR_TYPE',
    '`optimizer.learningRate` must be a number in [0, 1e6] or a schedule, for instance cosine({ initial: 1e-3 })',
  )
  throwsCode(t, check({ loss: 'mse' }), 'ERR_OPTION', '`loss`')
  throwsCode(t, check({ loss: null }), 'ERR_TYPE', '`loss`')
  throwsCode(t, check({ signal: {} }), 'ERR_TYPE', '`signal` must be an AbortSignal')
  throwsCode(t, check({ signal: null }), 'ERR_TYPE', '`signal`')
  throwsCode(t, check({ onEpoch: 3 }), 'ERR_TYPE', '`onEpoch` must be a function; got 3')
  throwsCode(t, check({ onBatch: 'log' }), 'ERR_TYPE', '`onBatch`')
  throwsCode(t, check({ reporter: 'bar' }), 'ERR_TYPE', '`reporter` must be a reporter')
  throwsCode(t, check({ reporter: { onEpoch: 1 } }), 'ERR_TYPE', '`reporter.onEpoch`')
})

test('options of sources and of data in memory are told apart', (t) => {
  const source = () => []
  const streamed = (change: object) => () => checkFit(source, untyped({ epochs: 1, ...change }), MODEL)
  const inMemory = (change: object) => () => checkFit(TRAIN, untyped({ epochs: 1, ...change }), MODEL)
  const { train, reading, options } = streamed({ batchesPerEpoch: 9, prefetch: 0 })()
  t.is(train, source)
  t.like(reading, { prefetch: 0, batchesPerEpoch: 9 })
  t.is(JSON.parse(options).batchesPerEpoch, 9)
  t.is(inMemory({ validation: source, prefetch: 5 })().validation, source)
  throwsCode(t, streamed({ batchSize: 3 }), 'ERR_OPTION', '`batchSize`')
  throwsCode(t, streamed({ shuffle: false }), 'ERR_OPTION', '`shuffle`')
  throwsCode(t, streamed({ validationSplit: 0.5 }), 'ERR_OPTION', '`validationSplit`')
  throwsCode(t, streamed({ prefetch: -1 }), 'ERR_RANGE', '`prefetch`')
  throwsCode(t, streamed({ batchesPerEpoch: 0 }), 'ERR_RANGE', '`batchesPerEpoch`')
  throwsCode(t, inMemory({ batchesPerEpoch: 3 }), 'ERR_OPTION', '`batchesPerEpoch`')
  throwsCode(t, inMemory({ prefetch: 3 }), 'ERR_OPTION', '`prefetch`')
})

test('only an object that says so asks to stop, or for other rates', (t) => {
  t.deepEqual(readAnswer({ stop: true }), { stop: true, rates: undefined })
  t.deepEqual(readAnswer({ rates: { 2: 0.5, '3.0': 1 } }), { stop: false, rates: '[[[2],0.5],[[3,0],1]]' })
  throwsCode(t, () => readAnswer({ rates: untyped(3) }), 'ERR_TYPE', '`rates`')
  throwsCode(t, () => readAnswer({ rates: { first: 0.5 } }), 'ERR_OPTION', "places such as '2'")
  throwsCode(t, () => readAnswer({ rates: { 2: 2 } }), 'ERR_RATE', "`rates['2']`")
  for (const answer of [
    undefined,
    null,
    true,
    false,
    0,
    3,
    '',
    {},
    { stop: false },
    { stop: 1 },
    () => true,
  ]) {
    t.deepEqual(readAnswer(answer), { stop: false, rates: undefined })
  }
})

test('whatever is passed, fit gives a promise and rejects with an error of this library', async (t) => {
  const model = classifier()
  const names = [
    'epochs',
    'batchSize',
    'loss',
    'optimizer',
    'metrics',
    'earlyStopping',
    'threads',
    'x',
    'clipNorm',
  ]
  const anything = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...names, 'type'), fc.anything()))
  await fc.assert(
    fc.asyncProperty(anything, anything, fc.constantFrom(...names), async (data, options, name) => {
      const broken = await t.throwsAsync(model.fit(untyped(data), untyped(options)))
      t.true(broken instanceof DropoutError)
      const whole = { epochs: 1, [name]: options }
      await model
        .fit(TRAIN, untyped(whole))
        .catch((error: unknown) => t.true(error instanceof DropoutError, String(error)))
    }),
    { numRuns: 200 },
  )
})

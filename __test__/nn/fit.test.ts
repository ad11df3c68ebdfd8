import test from 'ava'
import { AbortError } from '../../src/index.js'
import {
  activation,
  adam,
  type BatchEvent,
  batchNorm,
  dense,
  type EpochEvent,
  type History,
  sequential,
  sgd,
} from '../../src/nn/index.js'
import { rejectsCode } from '../throws.js'
import { classifier, line, quadrants } from './quadrants.js'
import { checkpointFile } from './streaming.js'

const TRAIN = quadrants(1000)
const FAST = { optimizer: adam({ learningRate: 0.01 }) }

test('learns what no linear model can, from any kind of data', async (t) => {
  const model = classifier()
  const before = await model.evaluate(quadrants(500, 2000))
  const history = await model.fit(TRAIN, { ...FAST, epochs: 30 })
  const after = await model.evaluate(quadrants(500, 2000))
  t.true((before.metrics.accuracy as number) < 0.8)
  t.true((after.metrics.accuracy as number) > 0.95)
  t.is(history.epochs.length, 30)
  t.is(history.steps, 30 * Math.ceil(1000 / 32))
  t.false(history.stoppedEarly)
  t.true((history.epochs[29]?.loss as number) < 0.5 * (history.epochs[0]?.loss as number))
  t.true(history.seconds > 0)

  const rows = Array.from({ length: 1000 }, (_, row) => [...TRAIN.x.subarray(2 * row, 2 * row + 2)])
  const oneHot = Array.from(TRAIN.y, (label) => [1 - label, label])
  const again = classifier()
  await again.fit({ x: rows, y: oneHot, shape: [1000, 2] }, { ...FAST, epochs: 30 })
  t.deepEqual(again.parameters(), model.parameters())
})

test('a gaussian output learns mean and noise', async (t) => {
  const model = sequential({ input: [1], output: 'gaussian', seed: 2n, layers: [dense(2)] })
  const x = Array.from({ length: 400 }, (_, i) => [Math.sin(i)])
  const y = x.map(([a], i) => 3 * (a as number) + (i % 2 === 0 ? 0.5 : -0.5))
  await model.fit({ x, y }, { epochs: 60, optimizer: adam({ learningRate: 0.05 }) })
  const [mean, logVariance] = model.predictSync([[1]])
  t.true(Math.abs((mean as number) - 3) < 0.2, String(mean))
  t.true(Math.abs((logVariance as number) - Math.log(0.25)) < 0.4, String(logVariance))
})

test('validation data or a part of the training data is judged after every epoch', async (t) => {
  const given = await classifier().fit(TRAIN, { ...FAST, epochs: 2, validation: quadrants(100, 5000) })
  const split = await classifier().fit(TRAIN, { ...FAST, epochs: 2, validationSplit: 0.1 })
  for (const { epochs } of [given, split]) {
    for (const { validationLoss, validationMetrics } of epochs) {
      t.true((validationLoss as number) > 0)
      t.true((validationMetrics?.accuracy as number) > 0.2)
    }
  }
  t.is(split.steps, 2 * Math.ceil(900 / 32))
  const none = await classifier().fit(TRAIN, { ...FAST, epochs: 1 })
  t.false('validationLoss' in (none.epochs[0] as EpochEvent))
})

test('early stopping ends the run and restores the best weights', async (t) => {
  const data = quadrants(40)
  const model = classifier(0)
  const validation = quadrants(200, 900)
  const history = await model.fit(data, {
    epochs: 2000,
    optimizer: adam({ learningRate: 0.05 }),
    validation,
    earlyStopping: { patience: 5 },
  })
  t.true(history.stoppedEarly)
  const losses = history.epochs.map((event) => event.validationLoss as number)
  t.is(history.bestEpoch, losses.indexOf(Math.min(...losses)))
  t.is(losses.length, (history.bestEpoch as number) + 6)
  const { loss } = await model.evaluate(validation)
  t.true(Math.abs(loss - Math.min(...losses)) < 1e-6)
})

test('the best epoch comes back with its running statistics, also where the run was resumed', async (t) => {
  const data = quadrants(40)
  const validation = quadrants(200, 900)
  const normalized = () =>
    sequential({
      input: [2],
      output: 'softmax',
      seed: 1n,
      layers: [dense(16), batchNorm({ momentum: 0.5 }), activation('relu'), dense(2)],
    })
  const options = {
    optimizer: adam({ learningRate: 0.05 }),
    validation,
    batchSize: 8,
    earlyStopping: { patience: 100 },
  }
  const [model, epochs] = [normalized(), 12]
  const { epochs: events, bestEpoch } = await model.fit(data, { ...options, epochs })
  const losses = events.map((event) => event.validationLoss as number)
  t.true((bestEpoch as number) < epochs - 2)
  const { loss } = await model.evaluate(validation)
  t.true(Math.abs(loss - Math.min(...losses)) < 1e-6)

  const checkpoint = { path: checkpointFile() }
  await normalized().fit(data, { ...options, epochs: (bestEpoch as number) + 2, checkpoint })
  const resumed = normalized()
  await resumed.fit(data, { ...options, epochs, checkpoint, resume: checkpoint.path })
  t.deepEqual(resumed.toBytes(), model.toBytes())
})

test('a batch in parts is learnt as one, up to rounding', async (t) => {
  const run = async (accumulate: number) => {
    const model = classifier()
    const history = await model.fit(TRAIN, { optimizer: sgd({ learningRate: 0.1 }), epochs: 2, accumulate })
    return { steps: history.steps, values: Object.values(model.parameters()).flatMap((p) => [...p.values]) }
  }
  const [whole, parts] = [await run(1), await run(5)]
  t.is(parts.steps, whole.steps)
  t.true(parts.values.every((value, i) => Math.abs(value - (whole.values[i] as number)) < 1e-4))
  t.notDeepEqual(parts.values, whole.values)
})

test('the model ends with the moving average that validation has seen', async (t) => {
  const validation = quadrants(200, 900)
  const options = { ...FAST, epochs: 3, validation }
  const model = classifier()
  const averaged = await model.fit(TRAIN, { ...options, ema: {} })
  const plain = await classifier().fit(TRAIN, options)
  const { loss } = await model.evaluate(validation)
  t.is(loss, averaged.epochs[2]?.validationLoss as number)
  t.not(loss, plain.epochs[2]?.validationLoss as number)
  t.is(averaged.epochs[2]?.loss as number, plain.epochs[2]?.loss as number)
})

test('class weights are row weights by class; validation counts all rows the same', async (t) => {
  const y = Int32Array.from({ length: 200 }, (_, row) => (row % 10 === 3 ? 1 : 0))
  const data = { x: quadrants(200).x, y }
  const run = async (train: object, classWeights?: 'balanced' | number[]) => {
    const model = classifier()
    await model.fit({ ...data, ...train }, { ...FAST, epochs: 2, classWeights })
    return model.parameters()
  }
  t.deepEqual(await run({}, 'balanced'), await run({}, [200 / (2 * 180), 200 / (2 * 20)]))
  t.deepEqual(await run({}, [0.25, 2]), await run({ weights: Float32Array.from(y, (c) => (c ? 2 : 0.25)) }))
  t.notDeepEqual(await run({}, 'balanced'), await run({}))
  const validated = await classifier().fit(TRAIN, {
    ...FAST,
    epochs: 1,
    validation: data,
    classWeights: [0, 1],
  })
  t.true((validated.epochs[0]?.validationLoss as number) > 0)
  const regression = () => sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
  await rejectsCode(
    t,
    () => regression().fit(line(8), { epochs: 1, classWeights: 'balanced' }),
    'ERR_CONFIG',
    '`classWeights`',
  )
  await rejectsCode(t, () => run({}, [1, 2, 3]), 'ERR_SHAPE', '2 classes')
})

test('epochs are awaited one by one; batches come in order, the latest at least', async (t) => {
  const epochs: EpochEvent[] = []
  const batches: BatchEvent[] = []
  let inside = 0
  const history = await classifier().fit(TRAIN, {
    ...FAST,
    epochs: 4,
    onEpoch: async (event) => {
      t.is(++inside, 1)
      epochs.push(event)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
    },
    onBatch: (event) => void batches.push(event),
  })
  t.deepEqual(epochs, history.epochs as EpochEvent[])
  t.true(batches.length > 0)
  const steps = batches.map((event) => event.step)
  t.deepEqual(
    steps,
    [...steps].sort((a, b) => a - b),
  )
  t.is(new Set(steps).size, steps.length)
  for (const { epoch, batch, batches: all, rows, loss, meanLoss } of batches) {
    t.true(epoch < 4 && batch < 32 && all === 32 && loss > 0)
    t.is(rows, Math.min(1000, 32 * (batch + 1)))
    t.true(batch > 0 ? meanLoss > 0 : meanLoss === loss)
  }
})

test('onEpoch may end the run', async (t) => {
  const ends = ({ epoch }: EpochEvent) => ({ stop: epoch === 2 })
  for (const onEpoch of [ends, async (event: EpochEvent) => ends(event)]) {
    const history = await classifier().fit(TRAIN, { ...FAST, epochs: 50, onEpoch })
    t.is(history.epochs.length, 3)
    t.true(history.stoppedEarly)
  }
})

test('what else onEpoch answers means nothing', async (t) => {
  const losses: number[] = []
  for (const answer of [false, true, 3, null, 'stop', { stop: 1 }, Promise.resolve(false)]) {
    const onEpoch = ({ loss }: EpochEvent) => {
      losses.push(loss)
      return answer
    }
    t.is((await classifier().fit(TRAIN, { ...FAST, epochs: 2, onEpoch })).epochs.length, 2)
  }
  const history = await classifier().fit(TRAIN, {
    ...FAST,
    epochs: 2,
    onEpoch: (event) => losses.push(event.loss),
  })
  t.is(history.epochs.length, 2)
  t.is(losses.length, 16)
})

test('an error in a callback ends the run and is what fit rejects with', async (t) => {
  const mine = new Error('mine')
  const fail = () => {
    throw mine
  }
  const options = { ...FAST, epochs: 1_000_000 }
  t.is(await t.throwsAsync(classifier().fit(TRAIN, { ...options, onEpoch: fail })), mine)
  t.is(await t.throwsAsync(classifier().fit(TRAIN, { ...options, onEpoch: async () => fail() })), mine)
  t.is(await t.throwsAsync(classifier().fit(TRAIN, { ...options, onBatch: fail })), mine)
  t.is(await t.throwsAsync(classifier().fit(TRAIN, { ...FAST, epochs: 1, onEpoch: fail })), mine)
})

test('a signal stops the run; the history comes with the error and what was learnt stays', async (t) => {
  const model = classifier()
  const controller = new AbortController()
  const reason = new Error('enough')
  const onEpoch = ({ epoch }: EpochEvent) => {
    if (epoch === 3) controller.abort(reason)
  }
  const run = model.fit(TRAIN, { ...FAST, epochs: 1_000_000, signal: controller.signal, onEpoch })
  const error = await t.throwsAsync<AbortError<History>>(run, { instanceOf: AbortError })
  t.is(error?.name, 'AbortError')
  t.is(error?.code, 'ERR_ABORTED')
  t.is(error?.cause, reason)
  t.is(error?.history.epochs.length, 4)
  t.is(error?.history.steps, 4 * 32)
  const four = classifier()
  await four.fit(TRAIN, { ...FAST, epochs: 4 })
  t.deepEqual(model.parameters(), four.parameters())
  await model.fit(TRAIN, { ...FAST, epochs: 1 })
})

test('a signal stops the run in mid-epoch, at the next batch', async (t) => {
  const controller = new AbortController()
  let seen = 0
  const onBatch = ({ step }: BatchEvent) => {
    seen = step
    controller.abort()
  }
  const run = classifier().fit(quadrants(300_000), { ...FAST, epochs: 1, signal: controller.signal, onBatch })
  const error = await t.throwsAsync<AbortError<History>>(run, { instanceOf: AbortError })
  t.deepEqual(error?.history.epochs, [])
  t.true(seen > 0 && (error?.history.steps as number) >= seen)
  t.true((error?.history.steps as number) < Math.ceil(300_000 / 32))
})

test('a signal that is already aborted: nothing is learnt', async (t) => {
  const model = classifier()
  const before = model.parameters()
  const run = model.fit(TRAIN, { ...FAST, epochs: 1, signal: AbortSignal.abort() })
  const error = await t.throwsAsync<AbortError<History>>(run, { instanceOf: AbortError })
  t.deepEqual(error?.history, { epochs: [], steps: 0, stoppedEarly: false, seconds: 0 })
  t.deepEqual(model.parameters(), before)
})

test('a signal that is aborted later changes nothing', async (t) => {
  const controller = new AbortController()
  const history = await classifier().fit(TRAIN, { ...FAST, epochs: 1, signal: controller.signal })
  controller.abort()
  t.is(history.epochs.length, 1)
})

test('a loss that explodes stops the run at a named step with finite weights', async (t) => {
  const model = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(8), dense(1)] })
  const run = () => model.fit(line(64), { epochs: 1000, optimizer: sgd({ learningRate: 1e6 }) })
  await rejectsCode(t, run, 'ERR_DIVERGED', 'step')
  for (const { values } of Object.values(model.parameters())) t.true(values.every(Number.isFinite))
})

test('what the data or the options hide is found by the core', async (t) => {
  const learn = (x: number[][], y: number[]) => () => classifier().fit({ x, y }, { epochs: 1 })
  await rejectsCode(t, learn([[1, Number.NaN]], [0]), 'ERR_NOT_FINITE', '`train.x`')
  await rejectsCode(t, learn([[1, Infinity]], [0]), 'ERR_NOT_FINITE', '`train.x`')
  const more = (options: object) => () => classifier().fit(TRAIN, { epochs: 1, ...options })
  await rejectsCode(t, more({ metrics: ['binaryAccuracy'] }), 'ERR_CONFIG', 'binaryAccuracy')
  await rejectsCode(t, more({ earlyStopping: {} }), 'ERR_OPTION', 'earlyStopping')
  await rejectsCode(
    t,
    more({ loss: { type: 'crossEntropy', classWeights: [1] } }),
    'ERR_SHAPE',
    'classWeights',
  )
  await rejectsCode(t, more({ optimizer: sgd({ nesterov: true }) }), 'ERR_CONFIG', 'nesterov')
  await rejectsCode(t, more({ resume: '/nonexistent/checkpoint' }), 'ERR_IO', '/nonexistent/checkpoint')
  await rejectsCode(t, more({ checkpoint: { path: '/nonexistent/checkpoint' } }), 'ERR_IO', '/nonexistent')
})

test('input is copied before the call returns', async (t) => {
  const own = { x: TRAIN.x.slice(), y: TRAIN.y.slice() }
  const model = classifier()
  const run = model.fit(own, { ...FAST, epochs: 2 })
  own.x.fill(Number.NaN)
  own.y.fill(9)
  await run
  const other = classifier()
  await other.fit(TRAIN, { ...FAST, epochs: 2 })
  t.deepEqual(model.parameters(), other.parameters())
})

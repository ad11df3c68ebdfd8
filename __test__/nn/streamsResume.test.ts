import { existsSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import { AbortError } from '../../src/index.js'
import {
  adam,
  type BatchEvent,
  type BatchSource,
  cosine,
  dense,
  type History,
  sequential,
} from '../../src/nn/index.js'
import { rejectsCode } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'
import { batch, checkpointFile, DATA, failure, learnt, OPTIONS, SIZES, source } from './streaming.js'

test('a run that was cut at any step and resumed equals one that was not, bit for bit', async (t) => {
  const validation = quadrants(30, 900)
  const options = {
    optimizer: adam({ learningRate: cosine({ initial: 0.05 }) }),
    batchesPerEpoch: SIZES.length,
    clipNorm: 1,
    validation,
    earlyStopping: { patience: 5 },
    onEpoch: ({ epoch }: { epoch: number }) => (epoch === 1 ? { rates: { 2: 0.4 } } : undefined),
  }
  const whole = await learnt(source, options)
  const path = checkpointFile()
  for (let cut = 1; cut < 3 * SIZES.length; cut++) {
    // The source itself knows best which step is the next.
    const controller = new AbortController()
    const cutShort: BatchSource = async function* (epoch, skip) {
      for (let number = skip; number < SIZES.length; number++) {
        if (epoch * SIZES.length + number === cut && read > SIZES.length) {
          controller.abort()
          return
        }
        read++
        yield batch(epoch, number)
      }
    }
    // Reading for the normalize layer comes before.
    let read = 0
    const saving = { ...options, prefetch: 0, checkpoint: { path, everySteps: 2 }, signal: controller.signal }
    const error = await failure(classifier().fit(cutShort, { ...OPTIONS, ...saving }))
    t.is(error.code, 'ERR_ABORTED')
    const done = (error as AbortError<History>).history.steps
    t.true(done <= cut && done >= 1)
    let begun: number[] | undefined
    const rest: BatchSource = (epoch, skip) => {
      begun ??= [epoch, skip]
      return source(epoch, skip)
    }
    t.deepEqual(await learnt(rest, { ...options, resume: path }), whole, `cut at ${done}`)
    t.is((begun?.[0] as number) * SIZES.length + (begun?.[1] as number), done)
  }
})

test('a resumed run finds out that its source goes on with another batch', async (t) => {
  const path = checkpointFile()
  const controller = new AbortController()
  // Steps so long that the source is always ahead: only what the interrupted run had read can be compared.
  const slow = () =>
    sequential({
      input: [2],
      output: 'softmax',
      seed: 1n,
      layers: [dense(1024), dense(1024, { activation: 'relu' }), dense(2)],
    })
  const options = { ...OPTIONS, epochs: 1000 }
  const onBatch = ({ step }: BatchEvent) => {
    if (step > 10) controller.abort()
  }
  const saving = { ...options, checkpoint: { path }, signal: controller.signal, onBatch }
  t.is((await failure(slow().fit(source, saving))).code, 'ERR_ABORTED')
  const shifted: BatchSource = (epoch, skip) => source(epoch + 1, skip)
  const error = await failure(slow().fit(shifted, { ...options, resume: path }))
  t.is(error.code, 'ERR_RESUME')
  t.regex(error.message, /`epochs\[\d+\]\.batches\[\d+\]` must be the batch that the interrupted run/)
  await rejectsCode(
    t,
    () => slow().fit(DATA, { ...options, batchSize: 32, resume: path }),
    'ERR_RESUME',
    'data',
  )
})

test('a run that is aborted while it is judged goes on from there', async (t) => {
  const path = checkpointFile()
  const judge = quadrants(30, 900)
  const whole = await learnt(source, { validation: judge })
  for (const prefetch of [0, 2]) {
    const controller = new AbortController()
    const validation: BatchSource = function* (epoch) {
      if (epoch === 1) controller.abort()
      yield judge
    }
    const saving = { ...OPTIONS, validation, prefetch, checkpoint: { path }, signal: controller.signal }
    const error = await failure(classifier().fit(source, saving))
    t.is((error as AbortError<History>).history.epochs.length, 1)
    t.is((error as AbortError<History>).history.steps, 2 * SIZES.length)
    const calls: number[][] = []
    const rest: BatchSource = (epoch, skip) => {
      calls.push([epoch, skip])
      return source(epoch, skip)
    }
    const resumed = await learnt(rest, { validation: () => [judge], resume: path })
    t.deepEqual(resumed.parameters, whole.parameters)
    t.deepEqual(resumed.history, whole.history)
    // The source is asked for what is left of the epoch, which is nothing.
    t.deepEqual(calls, [
      [1, SIZES.length],
      [2, 0],
    ])
  }
})

test('100 aborted runs leave no source open and no model busy', async (t) => {
  let open = 0
  let opened = 0
  const endless: BatchSource = async function* (epoch) {
    open++
    opened++
    try {
      for (let number = 0; ; number++) {
        if (number % 3 === 0) await turn()
        yield batch(epoch, number % 4)
      }
    } finally {
      await turn()
      open--
    }
  }
  const model = sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(8), dense(2)] })
  const before = process.listenerCount('warning')
  for (let run = 0; run < 100; run++) {
    const controller = new AbortController()
    let turns = run % 10
    const stopSoon = async () => {
      while (turns-- > 0) await turn()
      controller.abort(run)
    }
    const [error] = await Promise.all([
      failure(model.fit(endless, { ...OPTIONS, signal: controller.signal, prefetch: run % 3 })),
      stopSoon(),
    ])
    t.true(error instanceof AbortError)
    t.is(error.cause, run)
    t.is(open, 0, `run ${run}`)
  }
  t.true(opened >= 90)
  t.is(process.listenerCount('warning'), before)
  t.is((await model.fit(source, OPTIONS)).epochs.length, 3)
})

test('a source that never answers does not keep an abort from ending the run', async (t) => {
  const controller = new AbortController()
  const stuck: BatchSource = async function* () {
    yield batch(0, 0)
    await new Promise(() => {})
  }
  const model = sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(2)] })
  const run = model.fit(stuck, { ...OPTIONS, signal: controller.signal, onBatch: () => controller.abort() })
  const error = await failure(run)
  t.is(error.code, 'ERR_ABORTED')
  t.is((error as AbortError<History>).history.steps, 1)
})

test('an abort while a normalize layer is fitted leaves a new model and no checkpoint', async (t) => {
  const path = checkpointFile()
  const controller = new AbortController()
  const model = classifier()
  const train: BatchSource = async function* () {
    yield batch(0, 0)
    controller.abort()
    await turn()
    yield batch(0, 1)
  }
  const error = await failure(
    model.fit(train, { ...OPTIONS, checkpoint: { path }, signal: controller.signal }),
  )
  t.is((error as AbortError<History>).history.steps, 0)
  t.false(existsSync(path))
  t.deepEqual(await learnt(source, {}, model), await learnt(source))
})

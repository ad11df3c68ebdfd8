import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import { AbortError, DropoutError } from '../../src/index.js'
import {
  adam,
  type Batch,
  type BatchEvent,
  type BatchSource,
  cosine,
  dense,
  type FitOptions,
  type History,
  load,
  type Model,
  sequential,
} from '../../src/nn/index.js'
import { rejectsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const SIZE = 16
const SIZES = [SIZE, SIZE, SIZE, SIZE, 6]
const ROWS = 70
const DATA = quadrants(ROWS)
const OPTIONS = { epochs: 3, optimizer: adam({ learningRate: 0.01 }) }

/** Batch `number` of an epoch: each epoch begins with another row. */
function batch(epoch: number, number: number): Batch {
  const rows = Array.from(
    { length: SIZES[number] as number },
    (_, row) => (SIZE * number + row + 7 * epoch) % ROWS,
  )
  return {
    x: rows.map((row) => DATA.x.subarray(2 * row, 2 * row + 2)),
    y: rows.map((row) => DATA.y[row] as number),
    ids: rows,
  }
}

const source: BatchSource = async function* (epoch, skip) {
  for (let number = skip; number < SIZES.length; number++) yield batch(epoch, number)
}

/** What there is to compare of a run. */
async function learnt(
  train: BatchSource,
  options: Partial<FitOptions> = {},
  model: Model = classifier(),
): Promise<{ parameters: unknown; history: object }> {
  const history = await model.fit(train, { ...OPTIONS, ...options })
  return { parameters: model.parameters(), history: timeless(history) }
}

function timeless(history: History): object {
  return { ...history, seconds: 0, epochs: history.epochs.map((epoch) => ({ ...epoch, seconds: 0 })) }
}

async function failure(run: Promise<unknown>): Promise<DropoutError> {
  return run.then(
    () => {
      throw new Error('it should fail')
    },
    (error) => {
      if (!(error instanceof DropoutError)) throw error
      return error
    },
  )
}

function checkpointFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'inverted-dropout-')), 'checkpoint.safetensors')
}

test('the same batches give the bits of data in memory, whatever they come from', async (t) => {
  const inMemory = classifier()
  const history = await inMemory.fit(DATA, { ...OPTIONS, epochs: 1, batchSize: SIZE, shuffle: false })
  const asRows = (number: number) => ({ ...batch(0, number), ids: undefined })
  const asArrays = (number: number) => {
    const { x, y } = asRows(number)
    const rows = x as Float32Array[]
    return { x: Float32Array.from(rows.flatMap((row) => [...row])), y: Int32Array.from(y as number[]) }
  }
  const numbers = SIZES.map((_, number) => number)
  const forms: Record<string, BatchSource> = {
    'an async generator': async function* () {
      for (const number of numbers) yield asRows(number)
    },
    'a generator': function* () {
      for (const number of numbers) yield asArrays(number)
    },
    'an array': () => numbers.map(asRows),
    'promises in an array': () => untyped(numbers.map(async (number) => asArrays(number))),
    'an iterator by hand': () => {
      let number = 0
      const next = async () => {
        const done = number >= SIZES.length
        return done ? { done, value: undefined } : { done, value: asRows(number++) }
      }
      return { [Symbol.asyncIterator]: () => ({ next }) }
    },
  }
  for (const [name, form] of Object.entries(forms)) {
    const run = await learnt(form, { epochs: 1 })
    t.deepEqual(run.parameters, inMemory.parameters(), name)
    t.deepEqual(run.history, timeless(history), name)
  }
})

test('named inputs, steps, lengths and weights go batch by batch too', async (t) => {
  const make = () =>
    sequential({
      input: { a: [2], b: [1] },
      output: 'identity',
      seed: 1n,
      layers: [dense(4, { activation: 'tanh' }), dense(1)],
    })
  const a = Array.from({ length: 8 }, (_, i) => [Math.sin(i), Math.cos(i)])
  const b = a.map(([value]) => [2 * (value as number)])
  const y = a.map(([value]) => value as number)
  const weights = y.map((_, row) => 1 + row)
  const inMemory = make()
  await inMemory.fit({ x: { a, b }, y, weights }, { epochs: 1, batchSize: 4, shuffle: false })
  const part = <T>(list: T[], number: number) => list.slice(4 * number, 4 * number + 4)
  const streamed = make()
  await streamed.fit(
    function* () {
      for (const n of [0, 1])
        yield { x: { a: part(a, n), b: part(b, n) }, y: part(y, n), weights: part(weights, n) }
    },
    { epochs: 1 },
  )
  t.deepEqual(streamed.parameters(), inMemory.parameters())
})

test('batches are read while a step is under way, as many as there is room for', async (t) => {
  // A step of some milliseconds; reading takes no time beside it.
  const wide = () =>
    sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(1500), dense(1500), dense(2)] })
  for (const prefetch of [0, 1, 2, 4]) {
    let read = 0
    const readAtSteps: number[] = []
    const counting: BatchSource = async function* () {
      for (;;) {
        read++
        yield batch(0, 0)
      }
    }
    const onBatch = ({ step }: BatchEvent) => {
      readAtSteps[step] = read
    }
    await wide().fit(counting, { ...OPTIONS, epochs: 1, batchesPerEpoch: 8, prefetch, threads: 1, onBatch })
    t.is(read, 8)
    for (const [step, read] of readAtSteps.entries()) {
      // An event of a step may come late: the next step is under way then, and its batch has been taken.
      if (read !== undefined)
        t.true(read >= Math.min(8, step + prefetch), `${prefetch}: ${read} at step ${step}`)
    }
  }
})

test('batches may be filled again once they were given', async (t) => {
  const x = new Float32Array(2 * SIZE)
  const y = new Int32Array(SIZE)
  const reusing: BatchSource = function* (epoch, skip) {
    for (let number = skip; number < 4; number++) {
      const { x: rows, y: labels } = batch(epoch, number)
      x.set((rows as Float32Array[]).flatMap((row) => [...row]))
      y.set(labels as number[])
      yield { x, y }
      x.fill(Number.NaN)
    }
  }
  const fresh: BatchSource = function* (epoch, skip) {
    for (let number = skip; number < 4; number++) yield { ...batch(epoch, number), ids: undefined }
  }
  t.deepEqual(await learnt(reusing), await learnt(fresh))
})

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

test('validation may be a source, read anew after each epoch', async (t) => {
  const judge = quadrants(300, 900)
  const calls: number[][] = []
  const validation: BatchSource = function* (epoch, skip) {
    calls.push([epoch, skip])
    for (const [from, to] of [
      [0, 256],
      [256, 300],
    ] as const) {
      yield { x: judge.x.subarray(2 * from, 2 * to), y: judge.y.subarray(from, to) }
    }
  }
  t.deepEqual(await learnt(source, { validation }), await learnt(source, { validation: judge }))
  t.deepEqual(calls, [
    [0, 0],
    [1, 0],
    [2, 0],
  ])
  const early = await classifier().fit(DATA, { ...OPTIONS, validation, earlyStopping: { patience: 1 } })
  t.true(early.bestEpoch !== undefined)
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

test('an endless source has as many batches as an epoch is said to have', async (t) => {
  let closed = 0
  const endless: BatchSource = async function* (epoch) {
    try {
      for (;;) yield batch(epoch, 0)
    } finally {
      closed++
    }
  }
  const history = await classifier().fit(endless, { ...OPTIONS, batchesPerEpoch: 4 })
  t.is(history.steps, 12)
  // Three epochs, and the first one once more for the normalize layer.
  t.is(closed, 4)
  const falling = { ...OPTIONS, optimizer: adam({ learningRate: cosine({ initial: 0.1 }) }) }
  await rejectsCode(t, () => classifier().fit(endless, falling), 'ERR_OPTION', '`batchesPerEpoch`')
  await rejectsCode(
    t,
    () => classifier().fit(source, { ...OPTIONS, batchesPerEpoch: 6 }),
    'ERR_RANGE',
    '`epochs[0]`',
  )
})

test('what a source throws is the cause; the weights are those of the last good step', async (t) => {
  const mine = new Error('the disk is gone')
  const path = checkpointFile()
  const good = () => sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(8), dense(2)] })
  const broken: BatchSource = async function* (epoch, skip) {
    for (let number = skip; number < SIZES.length; number++) {
      if (epoch === 1 && number === 2) throw mine
      yield batch(epoch, number)
    }
  }
  const model = good()
  const error = await failure(model.fit(broken, { ...OPTIONS, checkpoint: { path } }))
  t.is(error.code, 'ERR_SOURCE')
  t.is(error.cause, mine)
  t.regex(error.message, /`epochs\[1\]\.batches\[2\]`.*the disk is gone/)
  const until = good()
  const seven: BatchSource = function* () {
    for (let step = 0; step < 7; step++) yield batch(step < 5 ? 0 : 1, step % 5)
  }
  // Ids key the masks and steps count on: the same seven steps in one epoch give the same weights.
  await until.fit(seven, { ...OPTIONS, epochs: 1 })
  t.deepEqual(model.parameters(), until.parameters())
  t.deepEqual((await load(path)).parameters(), model.parameters())
  // Once the source is well again the run goes on.
  t.deepEqual(
    (await learnt(source, { resume: path }, good())).parameters,
    (await learnt(source, {}, good())).parameters,
  )

  const inVain: [BatchSource, unknown][] = [
    [
      () => {
        throw mine
      },
      mine,
    ],
    [untyped(() => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject('no') }) })), 'no'],
  ]
  for (const [train, cause] of inVain) {
    const error = await failure(good().fit(train, OPTIONS))
    t.is(error.code, 'ERR_SOURCE')
    t.is(error.cause, cause)
  }
  for (const nothing of [undefined, null, 3, 'text', {}]) {
    await rejectsCode(
      t,
      () =>
        good().fit(
          untyped(() => nothing),
          OPTIONS,
        ),
      'ERR_TYPE',
      '`train`',
    )
  }
  await rejectsCode(t, () => good().fit(() => [], OPTIONS), 'ERR_EMPTY', '`epochs[0]`')
  const validation = untyped(() => 3)
  await rejectsCode(t, () => good().fit(source, { ...OPTIONS, validation }), 'ERR_TYPE', '`validation`')
})

test('a batch that does not fit is named by its number and its argument, and closes the source', async (t) => {
  const wrong: [Partial<Record<keyof Batch, unknown>> | string, string, string][] = [
    [{ x: [[1, 2, 3]] }, 'ERR_SHAPE', '`epochs[0].batches[3].x[0]`'],
    [{ y: [1] }, 'ERR_SHAPE', '`epochs[0].batches[3].y`'],
    [{ y: new Array(16).fill(7) }, 'ERR_LABEL', '`epochs[0].batches[3].y[0]`'],
    [{ ids: [1] }, 'ERR_SHAPE', '`epochs[0].batches[3].ids`'],
    [{ weights: [1] }, 'ERR_SHAPE', '`epochs[0].batches[3].weights`'],
    [{ x: new Array(16).fill([0, Number.NaN]) }, 'ERR_NOT_FINITE', '`epochs[0].batches[3].x`'],
    [{ x: new Float32Array(0), y: [] }, 'ERR_EMPTY', '`epochs[0].batches[3].x`'],
    ['a batch', 'ERR_TYPE', '`epochs[0].batches[3]`'],
  ]
  const plain = () => sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(8), dense(2)] })
  const three = plain()
  await three.fit(() => [0, 1, 2].map((number) => batch(0, number)), { ...OPTIONS, epochs: 1 })
  for (const [change, code, name] of wrong) {
    let closed = 0
    const spoilt: BatchSource = async function* (epoch) {
      try {
        for (let number = 0; number < SIZES.length; number++) {
          const right = batch(epoch, number)
          yield number < 3 ? right : untyped(typeof change === 'string' ? change : { ...right, ...change })
        }
      } finally {
        closed++
      }
    }
    const model = plain()
    const error = await failure(model.fit(spoilt, OPTIONS))
    t.is(error.code, code as DropoutError['code'])
    t.true(error.message.includes(name), error.message)
    t.is(closed, 1, name)
    t.deepEqual(model.parameters(), three.parameters(), name)
  }
})

test('callbacks may stop a run, and its source is closed', async (t) => {
  let open = 0
  const watched: BatchSource = async function* (epoch, skip) {
    open++
    try {
      yield* source(epoch, skip) as AsyncIterable<Batch>
    } finally {
      await turn()
      open--
    }
  }
  const stopped = await classifier().fit(watched, {
    ...OPTIONS,
    epochs: 50,
    onEpoch: ({ epoch }) => ({ stop: epoch === 1 }),
  })
  t.is(stopped.epochs.length, 2)
  t.is(open, 0)
  const mine = new Error('mine')
  const fail = () => {
    throw mine
  }
  for (const callbacks of [{ onBatch: fail }, { onEpoch: fail }]) {
    t.is(await t.throwsAsync(classifier().fit(watched, { ...OPTIONS, epochs: 1e6, ...callbacks })), mine)
    t.is(open, 0)
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

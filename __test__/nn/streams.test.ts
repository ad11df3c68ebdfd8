import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import {
  adam,
  type Batch,
  type BatchEvent,
  type BatchSource,
  cosine,
  dense,
  sequential,
} from '../../src/nn/index.js'
import { rejectsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'
import { batch, DATA, learnt, OPTIONS, SIZE, SIZES, source, timeless } from './streaming.js'

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

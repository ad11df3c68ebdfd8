import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import type { Control } from '../../src/native/binding.js'
import { Feed } from '../../src/nn/feed.js'
import type { Batch, BatchSource } from '../../src/nn/index.js'
import { untyped } from '../throws.js'

const MODEL = {
  inputs: { input: [1], width: 1 },
  output: 'identity',
  outputFeatures: 1,
  outputSteps: 1,
} as const

/** A feed whose training thread is the test. */
function start(train: BatchSource, { prefetch = 2, batchesPerEpoch = Infinity, validation = train } = {}) {
  const given: (number | 'end' | 'failure')[] = []
  const control: Partial<Control> = {
    give: ({ x }) => void given.push(x[0] as number),
    endEpoch: () => void given.push('end'),
    failEpoch: () => void given.push('failure'),
  }
  const reading = { prefetch, batchesPerEpoch, model: MODEL }
  const feed = new Feed(untyped(control), { train, validation, reading })
  const ask = async (question: object) => {
    feed.answer(JSON.stringify(question))
    await settled()
  }
  const epoch = (skip = 0, of = 'train') => ask({ type: 'epoch', of, epoch: 0, skip })
  return { feed, given, epoch, batch: () => ask({ type: 'batch' }) }
}

/** When all that can happen has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}

const one = (number: number): Batch => ({ x: [[number]], y: [number] })

/** Counts what is read of it. */
function counter(end = Infinity) {
  const state = { read: 0, closed: 0 }
  const source: BatchSource = async function* (_epoch, skip) {
    try {
      for (let number = skip; number < end; number++) {
        state.read++
        yield one(number)
      }
    } finally {
      await turn()
      state.closed++
    }
  }
  return { state, source }
}

test('as many batches are read as were asked for, and those to be read ahead', async (t) => {
  for (const prefetch of [0, 1, 2, 7]) {
    const { state, source } = counter()
    const { given, epoch, batch, feed } = start(source, { prefetch })
    await epoch()
    t.is(state.read, prefetch)
    for (let asked = 1; asked < 10; asked++) {
      await batch()
      t.is(state.read, prefetch + asked)
    }
    t.deepEqual(
      given,
      Array.from({ length: prefetch + 9 }, (_, number) => number),
    )
    t.is(state.closed, 0)
    await feed.close()
    t.is(state.closed, 1)
  }
})

test('one batch is read at a time: a source is not asked again before it has answered', async (t) => {
  let isAsked = false
  const slow: BatchSource = untyped(() => ({
    [Symbol.asyncIterator]: () => ({
      async next() {
        t.false(isAsked)
        isAsked = true
        await turn()
        isAsked = false
        return { done: false, value: one(0) }
      },
    }),
  }))
  const { given, epoch, feed } = start(slow, { prefetch: 5 })
  await epoch()
  for (let i = 0; i < 5; i++) feed.answer('{"type":"batch"}')
  await settled()
  t.is(given.length, 10)
  await feed.close()
})

test('an epoch ends with its source, or where it is said to', async (t) => {
  const short = counter(3)
  const ends = start(short.source, { prefetch: 9 })
  await ends.epoch(1)
  t.deepEqual(ends.given, [1, 2, 'end'])
  const endless = counter()
  const limited = start(endless.source, { prefetch: 9, batchesPerEpoch: 4 })
  await limited.epoch(1)
  t.deepEqual(limited.given, [1, 2, 3, 'end'])
  t.deepEqual(endless.state, { read: 3, closed: 1 })
  await limited.epoch(4)
  t.deepEqual(limited.given.slice(4), ['end'])
  // The length of a training epoch says nothing of the validation data.
  const judge = counter(6)
  const validating = start(endless.source, { prefetch: 9, batchesPerEpoch: 4, validation: judge.source })
  await validating.epoch(0, 'validation')
  t.deepEqual(validating.given, [0, 1, 2, 3, 4, 5, 'end'])
})

test('batches before a failure are given first, and the failure is kept', async (t) => {
  const mine = new Error('mine')
  const broken: BatchSource = function* () {
    yield one(0)
    yield one(1)
    throw mine
  }
  const { feed, given, epoch } = start(broken, { prefetch: 9 })
  await epoch()
  t.deepEqual(given, [0, 1, 'failure'])
  t.is(feed.failure?.cause, mine)
  await feed.close()
})

test('errors in closing are those of the source while it is needed, and nobody’s once it is not', async (t) => {
  const mine = new Error('mine')
  const stubborn: BatchSource = async function* () {
    try {
      for (;;) yield one(0)
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what is tested
      throw mine
    }
  }
  const limited = start(stubborn, { batchesPerEpoch: 1 })
  await limited.epoch()
  t.deepEqual(limited.given, [0, 'failure'])
  t.is(limited.feed.failure?.cause, mine)
  const closed = start(stubborn)
  await closed.epoch()
  await t.notThrowsAsync(closed.feed.close())
  t.is(closed.feed.failure, undefined)
})

test('a closed feed answers no more', async (t) => {
  const { state, source } = counter()
  const { feed, given, epoch, batch } = start(source)
  await feed.close()
  await epoch()
  await batch()
  t.deepEqual(given, [])
  t.is(state.read, 0)
})

import test from 'ava'
import type { DropoutError } from '../../src/index.js'
import { type Batch, type BatchSource, dense, load, sequential } from '../../src/nn/index.js'
import { rejectsCode, untyped } from '../throws.js'
import { batch, checkpointFile, failure, learnt, OPTIONS, SIZES, source } from './streaming.js'

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

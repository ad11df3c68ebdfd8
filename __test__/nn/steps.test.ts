import test from 'ava'
import { adam, dense, dropout, sequential } from '../../src/nn/index.js'
import type { throwsCode } from '../throws.js'

const STEPS = 3

/** Says at each step whether the first of its two features is the larger one. */
const model = () =>
  sequential({
    input: [STEPS, 2],
    output: 'softmax',
    seed: 5n,
    layers: [dense(16, { activation: 'relu' }), dropout(0.2), dense(2)],
  })

function rows(count: number) {
  const x = Array.from({ length: count }, (_, i) =>
    Array.from({ length: STEPS * 2 }, (_, j) => Math.sin(i * 7 + j * 3)),
  )
  const y = x.map((row) => [0, 2, 4].map((at) => Number(row[at]! > row[at + 1]!)))
  return { x, y }
}

test('a model has an output and a target at each step', async (t) => {
  const m = model()
  const { x, y } = rows(200)
  await m.fit({ x, y }, { epochs: 40, optimizer: adam({ learningRate: 0.02 }) })
  const flat = Uint8Array.from(y.flat())
  const { metrics } = await m.evaluate({ x, y: flat })
  t.true(metrics.accuracy! > 0.95, `${metrics.accuracy}`)
  const probabilities = await m.predict(x)
  t.is(probabilities.length, 200 * STEPS * 2)
  for (let at = 0; at < 12; at += 2) t.true(Math.abs(probabilities[at]! + probabilities[at + 1]! - 1) < 1e-6)
  const u = await m.predictMonteCarlo(x, { passes: 4 })
  t.is(u.rows, 200 * STEPS)
  t.is(u.predictiveEntropy!.length, 200 * STEPS)
})

test("what lies past a row's length is not learnt from and not counted", async (t) => {
  const { x, y } = rows(64)
  const lengths = y.map((_, row) => 1 + (row % STEPS))
  const spoilt = y.map((classes, row) => classes.map((c, step) => (step < lengths[row]! ? c : 1 - c)))
  const [one, other] = [model(), model()]
  const options = { epochs: 3, batchSize: 16 }
  await one.fit({ x, y, lengths }, options)
  await other.fit({ x, y: spoilt, lengths }, options)
  t.deepEqual(one.parameters(), other.parameters())
  t.deepEqual(await one.evaluate({ x, y, lengths }), await one.evaluate({ x, y: spoilt, lengths }))
  t.notDeepEqual(await one.evaluate({ x, y }), await one.evaluate({ x, y: spoilt }))
})

test('lengths and targets that do not fit are named', async (t) => {
  const m = model()
  const { x, y } = rows(2)
  const refuse = async (data: object, code: Parameters<typeof throwsCode>[2], words: string) => {
    const error = await t.throwsAsync(m.evaluate({ x, y, ...data }), { code })
    t.true(error?.message.includes(words), error?.message)
  }
  await refuse(
    { lengths: [1, 4] },
    'ERR_RANGE',
    '`data.lengths[1]` must be the number of steps that are data, in [1, 3]',
  )
  await refuse({ lengths: [0, 1] }, 'ERR_RANGE', '`data.lengths[0]`')
  await refuse({ lengths: [1] }, 'ERR_SHAPE', '2 lengths')
  await refuse({ y: [0, 1] }, 'ERR_SHAPE', '6 class indices')
  await refuse(
    {
      y: [
        [0, 1, 2],
        [0, 1, 1],
      ],
    },
    'ERR_LABEL',
    'got 2',
  )
})

test('rows share a mask where the layer or the call says so', async (t) => {
  const shared = sequential({
    input: [8],
    output: 'identity',
    seed: 1n,
    layers: [dropout(0.5, { share: 'batch' }), dense(8)],
  })
  const own = sequential({ input: [8], output: 'identity', seed: 1n, layers: [dropout(0.5), dense(8)] })
  const x = new Float32Array(4 * 8).fill(1)
  const passes = async (m: typeof own, masks?: 'perPass') => {
    const { samples } = await m.predictMonteCarlo(x, { passes: 6, samples: true, ...(masks && { masks }) })
    return Array.from({ length: 6 }, (_, pass) => {
      const rows = [0, 1, 2, 3].map((row) =>
        samples!.slice((pass * 4 + row) * 8, (pass * 4 + row + 1) * 8).join(),
      )
      return new Set(rows).size
    })
  }
  t.deepEqual(await passes(shared), [1, 1, 1, 1, 1, 1])
  t.deepEqual(await passes(own, 'perPass'), [1, 1, 1, 1, 1, 1])
  t.true((await passes(own)).every((different) => different > 1))
})

test('onEpoch changes rates from the next step on', async (t) => {
  const m = model()
  await m.fit(rows(32), { epochs: 2, onEpoch: ({ epoch }) => (epoch === 0 ? { rates: { 1: 0.75 } } : {}) })
  t.is(m.summary().layers[1]!.rate, 0.75)
  await t.throwsAsync(m.fit(rows(32), { epochs: 2, onEpoch: () => ({ rates: { 0: 0.5 } }) }), {
    code: 'ERR_OPTION',
  })
})

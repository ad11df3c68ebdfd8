import test from 'ava'
import { dense, dropout, sequential } from '../../src/nn/index.js'
import { rejectsCode, throwsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const { x } = quadrants(600)

test('predictions are the same on this thread and on another', async (t) => {
  const model = classifier()
  const predicted = model.predictSync(x)
  t.is(predicted.length, 1200)
  t.deepEqual(await model.predict(x), predicted)
  t.deepEqual(await model.predict(x, { shape: [600, 2], logits: false }), predicted)
  for (let row = 0; row < 600; row++) {
    t.true(Math.abs((predicted[2 * row] as number) + (predicted[2 * row + 1] as number) - 1) < 1e-6)
  }
})

test('logits are what the output function is applied to', (t) => {
  const model = classifier()
  const logits = model.predictSync(x, { logits: true })
  model.predictSync(x).forEach((probability, i) => {
    const [own, other] = [logits[i] as number, logits[i ^ 1] as number]
    t.true(Math.abs(probability - 1 / (1 + Math.exp(other - own))) < 1e-6)
  })
})

test('dropout is off in predictions, whatever its rate', async (t) => {
  for (const scaling of ['inverted', 'standard'] as const) {
    const layers = [
      dense(8, { activation: 'tanh', initializer: 'heNormal' }),
      dense(3, { initializer: 'heNormal' }),
    ]
    const [first, last] = layers as [(typeof layers)[0], (typeof layers)[0]]
    const options = { input: [2], output: 'identity', seed: 3n } as const
    const plain = sequential({ ...options, layers })
    const dropping = sequential({
      ...options,
      layers: [dropout(0.999, { scaling }), first, dropout(0.999, { scaling }), last],
    })
    const plainNames = Object.values(plain.parameters())
    const names = Object.keys(dropping.parameters())
    dropping.setParameters(
      Object.fromEntries(names.map((name, i) => [name, plainNames[i] as (typeof plainNames)[0]])),
    )
    const expected = plain.predictSync(x)
    const got = await dropping.predict(x)
    if (scaling === 'inverted') t.deepEqual(got, expected)
    // Standard dropout scales what passes it in inference instead: to nearly nothing at this rate.
    else t.true(got.every((value) => Math.abs(value) < 0.01))
  }
})

test('input is copied before the call returns', async (t) => {
  const model = classifier()
  const own = x.slice()
  const promise = model.predict(own)
  own.fill(Number.NaN)
  t.deepEqual(await promise, model.predictSync(x))
})

test('the same bits for any number of threads', async (t) => {
  const model = classifier()
  const many = quadrants(20_000).x
  const one = model.predictSync(many, { threads: 1 })
  t.deepEqual(model.predictSync(many, { threads: 3 }), one)
  t.deepEqual(await model.predict(many, { threads: 1 }), one)
  t.deepEqual(await model.predict(many, { threads: 2 }), one)
})

test('many predictions at a time', async (t) => {
  const model = classifier()
  const expected = model.predictSync(x)
  const all = await Promise.all(Array.from({ length: 20 }, () => model.predict(x)))
  for (const predicted of all) t.deepEqual(predicted, expected)
})

test('bad input is refused', async (t) => {
  const model = classifier()
  throwsCode(t, () => model.predictSync([[1]]), 'ERR_SHAPE', '`x[0]`')
  throwsCode(t, () => model.predictSync([]), 'ERR_EMPTY', '`x`')
  throwsCode(t, () => model.predictSync([[1, Number.NaN]]), 'ERR_NOT_FINITE', '`x`')
  throwsCode(t, () => model.predictSync([[1, 1e39]]), 'ERR_NOT_FINITE', '`x`')
  throwsCode(t, () => model.predictSync(x, { logits: untyped('no') }), 'ERR_TYPE', '`logits`')
  throwsCode(t, () => model.predictSync(x, untyped({ logit: true })), 'ERR_OPTION', 'logit')
  throwsCode(t, () => model.predictSync(x, { shape: [300, 4] }), 'ERR_SHAPE', '`shape`')
  throwsCode(t, () => model.predictSync(x, { threads: 0 }), 'ERR_THREADS', '`threads`')
  await rejectsCode(t, () => model.predict(x, { threads: untyped('2') }), 'ERR_TYPE', '`threads`')
  await rejectsCode(t, () => model.predict(untyped(3)), 'ERR_TYPE', '`x`')
  await rejectsCode(t, () => model.predict([[Infinity, 0]]), 'ERR_NOT_FINITE', '`x`')
})

import test from 'ava'
import { adam, cosine, dense, dropout, sequential, sgd } from '../../src/nn/index.js'
import { throwsCode, untyped } from '../throws.js'
import { line } from './quadrants.js'

const model = () =>
  sequential({
    input: [3],
    output: 'identity',
    seed: 4n,
    layers: [dense(6, { activation: 'tanh' }), dropout(0.3), dense(1)],
  })

const x = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(i), i / 24])
const y = x.map(([a, b, c]) => a! - b! + c!)

test("steps of a loop of one's own are the steps of fit", async (t) => {
  const [own, fitted] = [model(), model()]
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 })
  await fitted.fit({ x, y }, { epochs: 3, batchSize: 8, shuffle: false, optimizer })
  for (let step = 0; step < 9; step++) {
    const rows = (8 * step) % 24
    const ids = Array.from({ length: 8 }, (_, i) => rows + i)
    await own.trainStep({ x: x.slice(rows, rows + 8), y: y.slice(rows, rows + 8), ids }, { optimizer })
  }
  t.deepEqual(own.parameters(), fitted.parameters())
})

test('steps by gradients are the steps of the batch, whichever comes first', async (t) => {
  const [own, stepped] = [model(), model()]
  const options = { optimizer: adam({ learningRate: 0.05 }), clipNorm: 0.5 }
  for (let step = 0; step < 6; step++) {
    const { gradientNorm } = await stepped.trainStep({ x, y }, options)
    if (step % 3 === 2) {
      await own.trainStep({ x, y }, options)
      continue
    }
    const { parameters } = await own.gradients({ x, y })
    t.deepEqual(await own.applyGradients(parameters, options), { gradientNorm })
  }
  t.deepEqual(own.parameters(), stepped.parameters())
})

test('the mean of the gradients of parts is the gradient of the whole', async (t) => {
  const [own, stepped] = [model(), model()]
  const ids = x.map((_, i) => i)
  const options = { optimizer: sgd({ learningRate: 0.1 }) }
  await stepped.trainStep({ x, y, ids }, options)
  const parts = [0, 12].map((at) =>
    own.gradients({ x: x.slice(at, at + 12), y: y.slice(at, at + 12), ids: ids.slice(at, at + 12) }),
  )
  const [first, second] = await Promise.all(parts)
  const mean = Object.entries(first!.parameters).map(([name, { values }]) => {
    const other = second!.parameters[name]!.values
    return [name, values.map((value, i) => (value + other[i]!) / 2)]
  })
  await own.applyGradients(Object.fromEntries(mean), options)
  const expected = stepped.parameters()
  for (const [name, { values }] of Object.entries(own.parameters())) {
    t.true(values.every((value, i) => Math.abs(value - expected[name]!.values[i]!) < 1e-6))
  }
})

test('gradients that do not fit change nothing', async (t) => {
  const m = model()
  const before = m.parameters()
  const { parameters } = await m.gradients({ x, y })
  const { 'layers.0.bias': bias, ...rest } = parameters
  const refused = (gradients: unknown, code: string, message: RegExp, options?: unknown) =>
    t.throwsAsync(m.applyGradients(untyped(gradients), untyped(options)), { code, message })
  await refused(
    rest,
    'ERR_OPTION',
    /`gradients` must be a tensor for each of the model.s; got none for "layers.0.bias"/,
  )
  await refused({ ...parameters, other: bias }, 'ERR_OPTION', /`gradients`.*tensors of the model.*other/)
  await refused(
    { ...rest, 'layers.0.bias': new Float32Array(5) },
    'ERR_SHAPE',
    /gradients\["layers.0.bias"\]/,
  )
  const nan = bias!.values.map(() => Number.NaN)
  await refused({ ...rest, 'layers.0.bias': nan }, 'ERR_NOT_FINITE', /gradients\["layers.0.bias"\]/)
  await refused({ ...rest, 'layers.0.bias': [0] }, 'ERR_TYPE', /gradients\["layers.0.bias"\]/)
  await refused(undefined, 'ERR_TYPE', /`gradients`/)
  await refused(parameters, 'ERR_OPTION', /loss/, { loss: 'crossEntropy' })
  await refused(parameters, 'ERR_RANGE', /clipNorm/, { clipNorm: -1 })
  const huge = Object.fromEntries(
    Object.entries(parameters).map(([name, { values }]) => [name, values.map(() => 3e38)]),
  )
  await refused(huge, 'ERR_DIVERGED', /norm of the gradient/)
  t.deepEqual(m.parameters(), before)
})

test('gradients are those of the loss, with dropout and without', async (t) => {
  const m = model()
  for (const training of [true, false]) {
    const { loss, parameters } = await m.gradients({ x, y }, { training })
    const before = m.parameters()
    const name = 'layers.2.weight'
    const moved = before[name]!.values.slice()
    const h = 1e-2
    moved[0]! += h
    m.setParameters({ [name]: moved })
    const after = await m.gradients({ x, y }, { training })
    m.setParameters(before)
    // The loss is quadratic in the last layer: the mean of the slopes at both ends is the difference's slope.
    const slope = (parameters[name]!.values[0]! + after.parameters[name]!.values[0]!) / 2
    t.true(Math.abs((after.loss - loss) / h - slope) < 1e-3, `${(after.loss - loss) / h} ${slope}`)
    t.deepEqual(m.parameters(), before)
  }
})

test('gradients follow the rate that is set, and so does the configuration', async (t) => {
  const m = model()
  m.setRate(1, 1)
  t.is((m.config.layers[1] as { rate: number }).rate, 1)
  const { parameters } = await m.gradients({ x, y })
  t.true(parameters['layers.0.weight']!.values.every((g) => g === 0))
  t.true(parameters['layers.2.bias']!.values.some((g) => g !== 0))
  throwsCode(t, () => m.setRate(0, 0.5), 'ERR_OPTION', 'the place of a layer that drops')
  throwsCode(t, () => m.setRate(1, 2), 'ERR_RATE', '`rate`')
  throwsCode(t, () => m.setRate('one', 0.5), 'ERR_OPTION', "places such as '2'")
})

test('clipping, step sizes and bad arguments', async (t) => {
  const m = model()
  const before = m.parameters()
  const { gradientNorm } = await m.trainStep(
    { x, y },
    { optimizer: sgd({ learningRate: 1 }), clipNorm: 1e-3 },
  )
  t.true(gradientNorm > 1e-3)
  const after = m.parameters()
  const moved = Object.keys(before).flatMap((name) =>
    Array.from(before[name]!.values, (value, i) => value - after[name]!.values[i]!),
  )
  t.true(Math.abs(Math.hypot(...moved) - 1e-3) < 1e-5)
  await t.throwsAsync(m.trainStep({ x, y }, { optimizer: adam({ learningRate: cosine({ initial: 1 }) }) }), {
    code: 'ERR_TYPE',
    message: /a single step has no schedule/,
  })
  await m.trainStep(
    { x, y },
    { optimizer: adam({ learningRate: cosine({ initial: 1 }) }), learningRate: 1e-3 },
  )
  await t.throwsAsync(m.trainStep({ x, y }, { clipNorm: 0 }), { code: 'ERR_RANGE' })
  await t.throwsAsync(m.trainStep({ x, y: [1] }), { code: 'ERR_SHAPE', message: /`batch.y`/ })
  await t.throwsAsync(m.gradients({ x, y }, untyped({ optimizer: adam() })), { code: 'ERR_OPTION' })
  const huge = x.map((row) => row.map(() => 3e38))
  const error = await t.throwsAsync(m.trainStep({ x: huge, y: y.map(() => 3e38) }), { code: 'ERR_DIVERGED' })
  t.truthy(error)
})

test('a step that diverges takes back the step before it, and nothing that was done since', async (t) => {
  const huge = { x: [[3e38, 3e38]], y: [3e38] }
  const diverges = () => t.throwsAsync(m.trainStep(huge, options), { code: 'ERR_DIVERGED' })
  const { x, y } = line(20)
  const options = { optimizer: sgd({ learningRate: 0.1 }) }
  const m = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
  await m.trainStep({ x, y }, options)
  const before = m.parameters()
  await m.trainStep({ x, y }, options)
  t.notDeepEqual(m.parameters(), before)
  await diverges()
  t.deepEqual(m.parameters(), before)

  await m.trainStep({ x, y }, options)
  m.setParameters(before)
  await diverges()
  t.deepEqual(m.parameters(), before)

  await m.trainStep({ x, y }, options)
  await m.fit({ x, y }, { epochs: 1 })
  const fitted = m.parameters()
  await diverges()
  t.deepEqual(m.parameters(), fitted)
})

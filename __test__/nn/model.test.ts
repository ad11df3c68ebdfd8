import test from 'ava'
import { adam, dense, dropout, fromBytes, type Model, sequential } from '../../src/nn/index.js'
import { rejectsCode, throwsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const { x, y } = quadrants(200)

/** Every use of a model other than its configuration. */
const USES: [string, (model: Model) => unknown][] = [
  ['summary', (model) => model.summary()],
  ['fit', (model) => model.fit({ x, y }, { epochs: 1 })],
  ['trainStep', (model) => model.trainStep({ x, y })],
  ['gradients', (model) => model.gradients({ x, y })],
  ['setRate', (model) => model.setRate(2, 0.5)],
  ['evaluate', (model) => model.evaluate({ x, y })],
  ['predict', (model) => model.predict(x)],
  ['predictSync', (model) => model.predictSync(x)],
  ['predictMonteCarlo', (model) => model.predictMonteCarlo(x, { passes: 2 })],
  ['save', (model) => model.save('/nonexistent/never-written')],
  ['toBytes', (model) => model.toBytes()],
  ['parameters', (model) => model.parameters()],
  ['setParameters', (model) => model.setParameters({})],
]

test('a summary is a value and a table', (t) => {
  const summary = classifier(0.25).summary({ batchSize: 8 })
  const table = String(summary)
  t.is(summary.parameters, 2 * 16 + 16 + 16 * 2 + 2)
  t.is(summary.parameterBytes, 4 * summary.parameters)
  t.is(summary.batchSize, 8)
  t.true(summary.stepBytes > summary.parameterBytes)
  t.deepEqual(
    summary.layers.map((layer) => layer.type),
    ['normalize', 'dense', 'dropout', 'dense'],
  )
  t.deepEqual(JSON.parse(JSON.stringify(summary.layers[2])), {
    path: '2',
    type: 'dropout',
    outputShape: [16],
    parameters: 0,
    rate: 0.25,
    site: 0,
  })
  for (const word of ['dense', '0.25', '[16]', 'softmax', 'rows']) t.true(table.includes(word), table)
  const parts = classifier(0.25).summary({ batchSize: 64, accumulate: 8 })
  t.deepEqual([parts.batchSize, parts.accumulate], [64, 8])
  t.is(parts.stepBytes, summary.stepBytes + summary.parameterBytes)
  t.true(String(parts).includes('64 rows in 8 parts'), String(parts))
  throwsCode(t, () => classifier().summary({ batchSize: 0 }), 'ERR_RANGE', '`batchSize`')
  throwsCode(t, () => classifier().summary({ batchSize: 4, accumulate: 5 }), 'ERR_RANGE', '`accumulate`')
  throwsCode(t, () => classifier().summary(untyped({ rows: 1 })), 'ERR_OPTION', 'rows')
})

test('while a model trains every other use says so, and afterwards none', async (t) => {
  const model = classifier()
  const controller = new AbortController()
  const run = model.fit({ x, y }, { epochs: 1_000_000, signal: controller.signal })
  for (const [name, use] of USES) {
    const error = await t.throwsAsync(async () => use(model), undefined, name)
    t.is((error as { code?: string }).code, 'ERR_MODEL_BUSY', name)
  }
  t.is(model.config.output, 'softmax')
  controller.abort()
  await t.throwsAsync(run)
  await model.predict(x)
  model.predictSync(x)
})

test('a model that predicts cannot be trained meanwhile, but predicts on', async (t) => {
  const model = classifier()
  const controller = new AbortController()
  const passes = model.predictMonteCarlo(x, { passes: 1_000_000, signal: controller.signal })
  await rejectsCode(t, () => model.fit({ x, y }, { epochs: 1 }), 'ERR_MODEL_BUSY', 'predicting')
  throwsCode(t, () => model.setParameters({}), 'ERR_MODEL_BUSY', 'predicting')
  t.is((await model.predict(x)).length, 400)
  t.is(model.predictSync(x).length, 400)
  controller.abort()
  await t.throwsAsync(passes)
  await model.fit({ x, y }, { epochs: 1 })
})

test('a disposed model says so; disposing twice is harmless', async (t) => {
  const model = classifier()
  model.dispose()
  model[Symbol.dispose]()
  for (const [name, use] of USES) {
    const error = await t.throwsAsync(async () => use(model), undefined, name)
    t.is((error as { code?: string }).code, 'ERR_MODEL_DISPOSED', name)
  }
  t.is(model.config.output, 'softmax')
})

test('disposing stops what is under way', async (t) => {
  const model = classifier()
  const run = model.fit({ x, y }, { epochs: 1_000_000 })
  model.dispose()
  await rejectsCode(t, () => run, 'ERR_ABORTED', 'aborted')
  const other = classifier()
  const passes = other.predictMonteCarlo(x, { passes: 1_000_000 })
  const prediction = other.predict(x)
  other.dispose()
  await rejectsCode(t, () => passes, 'ERR_ABORTED', 'aborted')
  t.is((await prediction).length, 400)
})

test('parameters are copies that can be written back', (t) => {
  const model = classifier()
  const parameters = model.parameters()
  t.deepEqual(
    Object.entries(parameters).map(([name, { shape }]) => [name, shape]),
    [
      ['layers.1.weight', [16, 2]],
      ['layers.1.bias', [16]],
      ['layers.3.weight', [2, 16]],
      ['layers.3.bias', [2]],
    ],
  )
  const before = model.predictSync(x)
  parameters['layers.3.bias']?.values.fill(5)
  t.deepEqual(model.predictSync(x), before)
  const other = classifier(0.2, 2n)
  t.notDeepEqual(other.predictSync(x), before)
  other.setParameters(model.parameters())
  t.deepEqual(other.predictSync(x), before)
  model.setParameters({ 'layers.3.bias': Float32Array.of(9, 0) })
  t.true((model.predictSync([[0, 0]])[0] as number) > 0.9)
})

test('parameters that do not fit are refused, and then none is written', (t) => {
  const model = classifier()
  const before = model.parameters()
  const write = (change: object) => () => {
    model.setParameters(untyped({ 'layers.1.bias': new Float32Array(16).fill(1), ...change }))
  }
  throwsCode(t, write({ 'layers.0.weight': new Float32Array(1) }), 'ERR_OPTION', 'layers.1.weight')
  throwsCode(t, write({ 'layers.3.bias': new Float32Array(3) }), 'ERR_SHAPE', 'layers.3.bias')
  throwsCode(t, write({ 'layers.3.bias': Float32Array.of(1, Number.NaN) }), 'ERR_NOT_FINITE', 'layers.3.bias')
  throwsCode(t, write({ 'layers.3.bias': [1, 2] }), 'ERR_TYPE', 'layers.3.bias')
  throwsCode(t, write({ 'layers.3.bias': { values: [1, 2] } }), 'ERR_TYPE', 'layers.3.bias')
  throwsCode(t, write({ 'layers.3.bias': 3 }), 'ERR_TYPE', 'layers.3.bias')
  const shared = new Float32Array(new SharedArrayBuffer(8))
  throwsCode(t, write({ 'layers.3.bias': shared }), 'ERR_SHARED', 'layers.3.bias')
  throwsCode(t, () => model.setParameters(untyped(null)), 'ERR_TYPE', '`parameters`')
  t.deepEqual(model.parameters(), before)
})

test('two models train at a time', async (t) => {
  const options = { epochs: 3, optimizer: adam() }
  const alone = classifier()
  await alone.fit({ x, y }, options)
  const pair = [classifier(), classifier()]
  await Promise.all(pair.map((model) => model.fit({ x, y }, options)))
  for (const model of pair) t.deepEqual(model.toBytes(), alone.toBytes())
})

test('rows of several axes, and a sigmoid with several outputs', async (t) => {
  const model = sequential({
    input: [2, 2],
    output: 'sigmoid',
    seed: 1n,
    layers: [dropout(0.1), { type: 'flatten' }, dense(3)],
  })
  const images = new Float32Array(40).map((_, i) => Math.sin(i))
  const labels = Uint8Array.from({ length: 30 }, (_, i) => i % 2)
  await model.fit({ x: images, shape: [10, 2, 2], y: labels }, { epochs: 2 })
  t.is((await model.predict(images)).length, 30)
  t.deepEqual(fromBytes(model.toBytes()).config, model.config)
})

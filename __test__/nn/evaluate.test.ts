import test from 'ava'
import { dense, type Metric, sequential } from '../../src/nn/index.js'
import { rejectsCode, untyped } from '../throws.js'
import { classifier, line, quadrants } from './quadrants.js'

test('loss and metrics are those of the predictions', async (t) => {
  const model = classifier()
  const data = quadrants(700)
  const predicted = model.predictSync(data.x)
  const of = (row: number) => predicted[2 * row + (data.y[row] as number)] as number
  const rows = Array.from(data.y.keys())
  const loss = rows.reduce((sum, row) => sum - Math.log(of(row)), 0) / 700
  const accuracy = rows.filter((row) => of(row) > 0.5).length / 700
  const evaluation = await model.evaluate(data)
  t.true(Math.abs(evaluation.loss - loss) < 1e-6)
  t.deepEqual(evaluation.metrics, { accuracy })
  t.deepEqual(
    await model.evaluate(data, { threads: 2, loss: 'crossEntropy', metrics: ['accuracy'] }),
    evaluation,
  )
  t.deepEqual((await model.evaluate(data, { metrics: [] })).metrics, {})
})

test('weights weigh the loss', async (t) => {
  const model = classifier()
  const data = quadrants(2)
  const first = await model.evaluate({ x: data.x.slice(0, 2), y: data.y.slice(0, 1) })
  const weighted = await model.evaluate({ ...data, weights: [1, 0] })
  t.true(Math.abs(first.loss - weighted.loss) < 1e-6)
})

test('metrics of regressions', async (t) => {
  const model = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
  model.setParameters({ 'layers.0.weight': Float32Array.of(2, -1), 'layers.0.bias': Float32Array.of(4) })
  const evaluation = await model.evaluate(line(10), {
    metrics: ['meanAbsoluteError', 'rootMeanSquaredError'],
  })
  t.true(Math.abs(evaluation.loss - 9) < 1e-5)
  t.true(Math.abs((evaluation.metrics.meanAbsoluteError as number) - 3) < 1e-6)
  t.true(Math.abs((evaluation.metrics.rootMeanSquaredError as number) - 3) < 1e-6)
})

test('figures that are not finite are numbers', async (t) => {
  const huge = async (output: 'identity' | 'softmax', metrics?: Metric[]) => {
    const model = sequential({ input: [1], output, seed: 1n, layers: [dense(2)] })
    model.setParameters({ 'layers.0.weight': Float32Array.of(3e38, 3e38) })
    const y = output === 'identity' ? [[1, 1]] : [0]
    return model.evaluate({ x: [[3e38]], y }, { metrics })
  }
  t.deepEqual(await huge('identity', ['meanAbsoluteError', 'rootMeanSquaredError']), {
    loss: Infinity,
    metrics: { meanAbsoluteError: Infinity, rootMeanSquaredError: Infinity },
  })
  t.is((await huge('softmax')).loss, Number.NaN)
})

test('what does not fit is refused', async (t) => {
  const model = classifier()
  const { x, y } = quadrants(4)
  await rejectsCode(t, () => model.evaluate({ x, y: [0, 1, 2, 0] }), 'ERR_LABEL', '`data.y[2]`')
  await rejectsCode(t, () => model.evaluate({ x: [[1, Number.NaN]], y: [0] }), 'ERR_NOT_FINITE', '`data.x`')
  await rejectsCode(
    t,
    () => model.evaluate({ x, y }, { metrics: ['binaryAccuracy'] }),
    'ERR_CONFIG',
    'binaryAccuracy',
  )
  await rejectsCode(t, () => model.evaluate({ x, y }, { loss: 'binaryCrossEntropy' }), 'ERR_CONFIG', '`loss`')
  await rejectsCode(t, () => model.evaluate({ x, y }, { threads: 2000 }), 'ERR_THREADS', '`threads`')
  await rejectsCode(t, () => model.evaluate({ x, y }, untyped({ epochs: 1 })), 'ERR_OPTION', 'epochs')
  await rejectsCode(t, () => model.evaluate({ x, y: [[0.5, 0.2]] }), 'ERR_SHAPE', '`data.y`')
  const halves = [
    [0.5, 0.2],
    [1, 0],
    [1, 0],
    [1, 0],
  ]
  await rejectsCode(t, () => model.evaluate({ x, y: halves }), 'ERR_LABEL', 'add up to 1')
})

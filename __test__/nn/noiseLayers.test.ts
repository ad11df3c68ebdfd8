import test from 'ava'
import {
  alphaDropout,
  concreteDropout,
  dense,
  dropConnect,
  gaussianDropout,
  type Layer,
  sequential,
} from '../../src/nn/index.js'
import { checkLayer } from '../../src/nn/layers/index.js'
import { throwsCode, untyped } from '../throws.js'

test('noise layers are frozen plain values with what was said and nothing else', (t) => {
  t.deepEqual(gaussianDropout(0.2, { site: 4 }), { type: 'gaussianDropout', rate: 0.2, site: 4 })
  t.deepEqual(alphaDropout(0.1), { type: 'alphaDropout', rate: 0.1 })
  t.deepEqual(concreteDropout(), { type: 'concreteDropout' })
  t.deepEqual(concreteDropout({ rate: 0.3, temperature: 0.5, regularizer: 0 }), {
    type: 'concreteDropout',
    rate: 0.3,
    temperature: 0.5,
    regularizer: 0,
  })
  t.deepEqual(dropConnect(8, 0.5, { activation: 'relu', share: 'batch' }), {
    type: 'dropConnect',
    units: 8,
    rate: 0.5,
    activation: 'relu',
    share: 'batch',
  })
  for (const layer of [gaussianDropout(0), alphaDropout(1), concreteDropout(), dropConnect(1, 1)]) {
    t.true(Object.isFrozen(layer))
    t.deepEqual(checkLayer(JSON.parse(JSON.stringify(layer)), 'layers[0]'), layer)
  }
})

test('a bad argument of a noise layer is named with what it got and what is allowed', (t) => {
  throwsCode(t, () => gaussianDropout(1), 'ERR_RANGE', '`rate` must be a number in [0, 1); got 1')
  throwsCode(t, () => gaussianDropout(-1), 'ERR_RATE', '`rate`')
  throwsCode(t, () => alphaDropout(1.5), 'ERR_RATE', '`rate`')
  throwsCode(t, () => alphaDropout(0.5, untyped({ scaling: 'standard' })), 'ERR_OPTION', '"scaling"')
  throwsCode(t, () => concreteDropout({ rate: 0 }), 'ERR_RANGE', '`rate` must be a number in (0, 1)')
  throwsCode(t, () => concreteDropout({ temperature: 0 }), 'ERR_RANGE', '`temperature`')
  throwsCode(t, () => concreteDropout({ regularizer: -1 }), 'ERR_RANGE', '`regularizer`')
  throwsCode(t, () => dropConnect(0, 0.5), 'ERR_RANGE', '`units`')
  throwsCode(t, () => dropConnect(2, Number.NaN), 'ERR_RATE', 'NaN')
  throwsCode(t, () => dropConnect(2, 0.5, { share: untyped('row') }), 'ERR_OPTION', "'none', 'batch'")
  throwsCode(t, () => dense(2, { maxNorm: 0 }), 'ERR_RANGE', '`maxNorm` must be a finite number above 0')
})

const model = (layer: Layer) => sequential({ input: [16], output: 'identity', seed: 5n, layers: [layer] })

test('noise is off in predictions and on in Monte Carlo passes', async (t) => {
  const x = Float32Array.from({ length: 32 }, (_, i) => Math.cos(i))
  for (const layer of [gaussianDropout(0.5), alphaDropout(0.5), concreteDropout({ rate: 0.5 })]) {
    const own = model(layer)
    t.deepEqual(own.predictSync(x), x)
    const { mean } = await own.predictMonteCarlo(x, { passes: 3 })
    t.notDeepEqual(Float32Array.from(mean), x)
  }
  const connected = model(dropConnect(4, 0.5))
  const { variance } = await connected.predictMonteCarlo(x, { passes: 10 })
  t.true(variance.every((value) => value > 0))
})

test('norms of weights keep their limit', async (t) => {
  const own = model(dense(3, { maxNorm: 0.25 }))
  const x = Float32Array.from({ length: 64 * 16 }, (_, i) => Math.sin(i * i))
  const y = Float32Array.from({ length: 64 * 3 }, (_, i) => 10 * Math.cos(i))
  await own.fit({ x, y }, { epochs: 3 })
  const { values } = own.parameters()['layers.0.weight']!
  for (let unit = 0; unit < 3; unit++) {
    const norm = Math.hypot(...values.subarray(16 * unit, 16 * unit + 16))
    t.true(norm <= 0.25 * (1 + 1e-6), `${norm}`)
  }
})

test('a learnt rate is a parameter', async (t) => {
  const own = model(concreteDropout({ rate: 0.2 }))
  t.deepEqual(own.parameters()['layers.0.logit']!.shape, [1])
  t.true(Math.abs(own.parameters()['layers.0.logit']!.values[0]! - Math.log(0.25)) < 1e-6)
  t.throws(() => own.setRate(0, 0.5), { code: 'ERR_OPTION' })
})

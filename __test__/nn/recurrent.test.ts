import test from 'ava'
import {
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  positionalEncoding,
  rnn,
  sequential,
} from '../../src/nn/index.js'
import { checkLayer, MASK_PERS, RNN_ACTIVATIONS } from '../../src/nn/layers/index.js'
import { throwsCode, untyped } from '../throws.js'

const dropouts = {
  inputDropout: { rate: 0.1 },
  outputDropout: { rate: 0.2, mask: 'step' },
  stateDropout: { rate: 0.3, mask: 'sequence', site: 9 },
  zoneout: { rate: 0.4, site: 4 },
} as const

test('a layer is a frozen plain value with what was said and nothing else', (t) => {
  t.deepEqual(lstm(8), { type: 'lstm', units: 8 })
  t.deepEqual(rnn(8, { activation: 'relu', bidirectional: true }), {
    type: 'rnn',
    units: 8,
    activation: 'relu',
    bidirectional: true,
  })
  t.deepEqual(gru(8, { candidateDropout: { rate: 0.5, mask: undefined } }), {
    type: 'gru',
    units: 8,
    candidateDropout: { rate: 0.5 },
  })
  t.deepEqual(embedding(100, 8, { dropout: 0.1 }), {
    type: 'embedding',
    vocabulary: 100,
    units: 8,
    dropout: 0.1,
  })
  t.deepEqual(positionalEncoding(), { type: 'positionalEncoding' })
  const candidateDropout = { rate: 0.5 }
  for (const layer of [
    rnn(1, dropouts),
    gru(2, { ...dropouts, candidateDropout, returnSequences: false }),
    lstm(3, { ...dropouts, candidateDropout, cellZoneout: { rate: 0 } }),
    embedding(2 ** 24, 3, { site: 1 }),
    positionalEncoding({ learned: true }),
  ]) {
    t.true(Object.isFrozen(layer))
    t.deepEqual(checkLayer(JSON.parse(JSON.stringify(layer)), 'layers[0]'), layer)
  }
})

test('every name of a mask and of an activation is accepted', (t) => {
  for (const mask of MASK_PERS) t.is(lstm(2, { inputDropout: { rate: 0, mask } }).inputDropout?.mask, mask)
  for (const activation of RNN_ACTIVATIONS) t.is(rnn(2, { activation }).activation, activation)
})

test('a bad argument is named with what it got and what is allowed', (t) => {
  throwsCode(t, () => lstm(0), 'ERR_RANGE', '`units` must be a whole number in [1, 2147483648]; got 0')
  throwsCode(t, () => rnn(2, { activation: untyped('gelu') }), 'ERR_OPTION', "'tanh', 'relu'")
  throwsCode(t, () => rnn(2, untyped({ candidateDropout: { rate: 0 } })), 'ERR_OPTION', '`options` has no')
  throwsCode(t, () => gru(2, untyped({ cellZoneout: { rate: 0 } })), 'ERR_OPTION', 'cellZoneout')
  throwsCode(t, () => gru(2, { inputDropout: { rate: 2 } }), 'ERR_RATE', '`inputDropout.rate`')
  throwsCode(t, () => gru(2, { inputDropout: untyped(0.5) }), 'ERR_TYPE', '`inputDropout` must be an object')
  const mask: 'step' = untyped('row')
  throwsCode(t, () => lstm(2, { stateDropout: { rate: 0, mask } }), 'ERR_OPTION', "'step', 'sequence'")
  throwsCode(t, () => lstm(2, { zoneout: { rate: 0, site: -1 } }), 'ERR_RANGE', '`zoneout.site`')
  throwsCode(t, () => lstm(2, { returnSequences: untyped(1) }), 'ERR_TYPE', '`returnSequences`')
  throwsCode(t, () => embedding(0, 2), 'ERR_RANGE', '`vocabulary` must be a whole number in [1, 16777216]')
  throwsCode(t, () => embedding(2 ** 24 + 1, 2), 'ERR_RANGE', '`vocabulary`')
  throwsCode(t, () => embedding(2, 0), 'ERR_RANGE', '`units`')
  throwsCode(t, () => embedding(2, 2, { dropout: 1.1 }), 'ERR_RATE', '`dropout`')
  throwsCode(t, () => positionalEncoding({ learned: untyped('yes') }), 'ERR_TYPE', '`learned`')
  const check = (layer: unknown) => () => checkLayer(layer, 'layers[2]')
  throwsCode(t, check({ type: 'lstm' }), 'ERR_TYPE', '`layers[2].units`')
  throwsCode(t, check({ type: 'gru', units: 1, zoneout: {} }), 'ERR_TYPE', '`layers[2].zoneout.rate`')
})

/** Whether the first of some words is word 1: what comes after must not matter, so memory is needed. */
function words(rows: number) {
  const time = 6
  const x = new Float32Array(rows * time)
  const lengths = Array.from({ length: rows }, (_, row) => 1 + ((row * 7) % time))
  for (let at = 0; at < x.length; at++) x[at] = (at * at * 31 + 7 * at) % 4
  const y = Array.from({ length: rows }, (_, row) => (x[row * time] === 1 ? 1 : 0))
  return { x: { data: x, shape: [rows, time] }, y, lengths, time }
}

for (const [name, layer] of [
  ['rnn', rnn(12, { returnSequences: false, stateDropout: { rate: 0.1 } })],
  ['lstm', lstm(12, { returnSequences: false, candidateDropout: { rate: 0.1, mask: 'step' } })],
  ['gru', gru(12, { returnSequences: false, bidirectional: true, zoneout: { rate: 0.1 } })],
] as [string, Layer][]) {
  test(`${name} learns what stood at the beginning of a row`, async (t) => {
    const { x, y, lengths, time } = words(256)
    const layers = [embedding(4, 6, { dropout: 0.05 }), positionalEncoding(), layer, dense(1)]
    const model = sequential({ input: [time], output: 'sigmoid', seed: 3n, layers })
    const data = { x: x.data, y, lengths }
    await model.fit(data, { epochs: 40, batchSize: 32 })
    const { metrics } = await model.evaluate(data)
    t.true((metrics['binaryAccuracy'] ?? 0) > 0.97, JSON.stringify(metrics))
  })
}

test('what is no id is refused before anything runs', async (t) => {
  const model = sequential({ input: [2], output: 'identity', seed: 3n, layers: [embedding(4, 2)] })
  for (const bad of [4, -1, 0.5]) {
    const error = await t.throwsAsync(model.predict(new Float32Array([0, 1, 2, bad])))
    t.is((error as { code?: string }).code, 'ERR_RANGE')
    t.regex(error?.message ?? '', /row 1, column 1/)
  }
})

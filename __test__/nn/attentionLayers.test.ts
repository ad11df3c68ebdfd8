import test from 'ava'
import {
  adam,
  dense,
  flatten,
  layerNorm,
  type SelfAttentionLayer,
  selfAttention,
  sequential,
  transformerBlock,
  type WeightGroup,
} from '../../src/nn/index.js'
import { checkLayer } from '../../src/nn/layers/index.js'
import { throwsCode, untyped } from '../throws.js'

test('attention layers are frozen plain values with what was said and nothing else', (t) => {
  t.deepEqual(layerNorm(), { type: 'layerNorm' })
  t.deepEqual(selfAttention(2, { causal: true, dropout: 0.1, per: 'key', bias: false, site: 7 }), {
    type: 'selfAttention',
    heads: 2,
    causal: true,
    dropout: 0.1,
    per: 'key',
    bias: false,
    site: 7,
  })
  const sites = { weights: 3, feedForward: 9 }
  const block = transformerBlock(4, 64, { activation: 'gelu', preNorm: false, dropout: 0.1, sites })
  t.deepEqual(block, {
    type: 'transformerBlock',
    heads: 4,
    hidden: 64,
    activation: 'gelu',
    preNorm: false,
    dropout: 0.1,
    sites,
  })
  t.not(block.sites, sites)
  t.true(Object.isFrozen(block.sites))
  for (const layer of [layerNorm({ epsilon: 1e-3 }), selfAttention(1), block]) {
    t.true(Object.isFrozen(layer))
    t.deepEqual(checkLayer(JSON.parse(JSON.stringify(layer)), 'layers[0]'), layer)
  }
})

test('a bad argument of an attention layer is named with what it got and what is allowed', (t) => {
  throwsCode(t, () => layerNorm({ epsilon: 0 }), 'ERR_RANGE', '`epsilon` must be a finite number above 0')
  throwsCode(t, () => selfAttention(0), 'ERR_RANGE', '`heads` must be a whole number in [1, 256]; got 0')
  throwsCode(t, () => selfAttention(2, { dropout: 1.5 }), 'ERR_RATE', '`dropout`')
  throwsCode(
    t,
    () => selfAttention(2, { per: untyped('column') }),
    'ERR_OPTION',
    "'element', 'key', 'row', 'head'",
  )
  throwsCode(t, () => selfAttention(2, untyped({ rate: 0.5 })), 'ERR_OPTION', '"rate"')
  throwsCode(t, () => transformerBlock(2, 0), 'ERR_RANGE', '`hidden`')
  throwsCode(
    t,
    () => transformerBlock(2, 8, { activation: untyped('softmax') }),
    'ERR_OPTION',
    '`activation`',
  )
  throwsCode(t, () => transformerBlock(2, 8, { attentionDropout: -1 }), 'ERR_RATE', '`attentionDropout`')
  throwsCode(t, () => transformerBlock(2, 8, { feedForwardDropout: 2 }), 'ERR_RATE', '`feedForwardDropout`')
  throwsCode(t, () => transformerBlock(2, 8, { sites: { hidden: -1 } }), 'ERR_RANGE', '`sites.hidden`')
  throwsCode(t, () => transformerBlock(2, 8, { sites: untyped({ norm: 1 }) }), 'ERR_OPTION', '"norm"')
  const misplaced = () =>
    checkLayer({ type: 'transformerBlock', heads: 2, hidden: 8, sites: { weights: 'a' } }, 'layers[2]')
  throwsCode(t, misplaced, 'ERR_TYPE', '`layers[2].sites.weights`')
})

test('a shape that does not fit names the layer and the shape', (t) => {
  const build = (input: number[], layer: SelfAttentionLayer) => () =>
    sequential({ input, output: 'identity', layers: [layer] })
  throwsCode(t, build([4], selfAttention(2)), 'ERR_CONFIG', '[steps, features]')
  throwsCode(t, build([4, 5], selfAttention(2)), 'ERR_CONFIG', 'whose 5 features do not divide into 2 heads')
})

/** Rows of four numbers; the class is where the largest is. */
function largest(count: number, seed: number) {
  const x = Array.from({ length: 4 * count }, (_, i) => ((i + seed) * 0.618_033_988_75) % 1)
  const y = Array.from({ length: count }, (_, row) => {
    const own = x.slice(4 * row, 4 * row + 4)
    return own.indexOf(Math.max(...own))
  })
  return { x: Float32Array.from(x), y }
}

test('a transformer learns to compare the steps of a row, and its file gives the same predictions', async (t) => {
  const model = sequential({
    input: [4, 1],
    output: 'softmax',
    seed: 3n,
    layers: [dense(8), transformerBlock(2, 16, { dropout: 0.05 }), layerNorm(), dense(1), flatten()],
  })
  await model.fit(largest(1024, 0), { epochs: 12, optimizer: adam({ learningRate: 0.01 }) })
  const test = largest(200, 7777)
  const { loss } = await model.evaluate(test)
  t.true(loss < 0.4, `${loss}, where guessing has ln 4 = 1.39`)
  const again = sequential(JSON.parse(JSON.stringify(model.config)))
  again.setParameters(model.parameters())
  t.deepEqual(again.predictSync(test.x), await model.predict(test.x))
  const { variance } = await model.predictMonteCarlo(test.x, { passes: 5 })
  t.true(variance.some((value) => value > 0))
})

test('padding past the length of a row changes nothing', async (t) => {
  const per: WeightGroup = 'row'
  const layers = [selfAttention(2, { per, dropout: 0.1 })]
  const model = sequential({ input: [3, 4], output: 'identity', seed: 1n, layers })
  const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i))
  const padded = Float32Array.from(x, (value, i) => (i < 8 ? value : 1e6))
  const lengths = [2]
  const [a, b] = [x, padded].map((rows) => model.predictSync(rows, { lengths }))
  t.deepEqual(a!.slice(0, 8), b!.slice(0, 8))
})

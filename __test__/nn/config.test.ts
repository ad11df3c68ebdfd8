import test from 'ava'
import { dense, dropout, flatten, normalize, type SequentialOptions, sequential } from '../../src/nn/index.js'
import { throwsCode, untyped } from '../throws.js'

const LAYERS = [
  normalize(),
  flatten(),
  dense(4, { activation: 'relu' }),
  dropout(0.5),
  dropout(0.1, { site: 0 }),
  dense(2),
]
const OPTIONS: SequentialOptions = { input: [3, 5], output: 'softmax', seed: 2n ** 64n - 1n, layers: LAYERS }

test('a configuration is plain, frozen, complete and survives JSON with the same weights', (t) => {
  const model = sequential(OPTIONS)
  const { config } = model
  t.is(config.seed, '18446744073709551615')
  t.is(config.version, 1)
  const sites = config.layers.flatMap((layer) => (layer.type === 'dropout' ? [layer.site] : []))
  t.deepEqual(sites, [1, 0])
  t.true([config, config.input, config.layers, ...config.layers].every((part) => Object.isFrozen(part)))
  const again = sequential(JSON.parse(JSON.stringify(config)))
  t.deepEqual(again.config, config)
  t.deepEqual(again.parameters(), model.parameters())
})

test('the seed decides the weights; without one it is drawn and shown', (t) => {
  const weights = (seed: SequentialOptions['seed']) => sequential({ ...OPTIONS, seed }).parameters()
  t.deepEqual(weights(7), weights('7'))
  t.deepEqual(weights(7), weights(7n))
  t.notDeepEqual(weights(7), weights(8))
  const { input, output, layers } = OPTIONS
  const drawn = [1, 2].map(() => sequential({ input, output, layers }).config.seed)
  t.not(drawn[0], drawn[1])
})

test('what cannot work is refused with the layer and the shapes', (t) => {
  const make = (change: object) => () => sequential(untyped({ ...OPTIONS, ...change }))
  throwsCode(t, make({ input: [3, 5, 4], layers: [dense(2)] }), 'ERR_CONFIG', 'layers[0] (dense)')
  throwsCode(t, make({ input: [3, 5, 4], layers: [dense(2)] }), 'ERR_CONFIG', 'gives [3, 5, 2]')
  throwsCode(t, make({ layers: [] }), 'ERR_CONFIG', '`layers`')
  throwsCode(t, make({ layers: [flatten(), dense(2, { activation: 'softmax' })] }), 'ERR_CONFIG', 'softmax')
  throwsCode(t, make({ layers: [flatten(), dense(1)] }), 'ERR_CONFIG', 'sigmoid')
  throwsCode(
    t,
    make({ layers: [dropout(1, { site: 2 }), dropout(0, { site: 2 }), flatten()] }),
    'ERR_CONFIG',
    'site 2',
  )
  throwsCode(t, make({ layers: 'dense' }), 'ERR_TYPE', '`layers`')
  throwsCode(t, make({ layers: [untyped({ type: 'dropout', rate: -0.1 })] }), 'ERR_RATE', '`layers[0].rate`')
  throwsCode(
    t,
    make({ input: 15 }),
    'ERR_TYPE',
    '`input` must be the shape of one row, for instance [30]; got 15',
  )
  throwsCode(t, make({ input: [3, 0] }), 'ERR_RANGE', '`input[1]`')
  throwsCode(t, make({ input: [] }), 'ERR_CONFIG', '`input`')
  throwsCode(t, make({ output: 'logits' }), 'ERR_OPTION', "'softmax', 'sigmoid', 'identity', 'gaussian'")
  throwsCode(t, make({ output: 'gaussian', layers: [flatten(), dense(3)] }), 'ERR_CONFIG', 'even width')
  throwsCode(t, make({ seed: -1 }), 'ERR_RANGE', '`seed`')
  throwsCode(t, make({ seed: 0.5 }), 'ERR_RANGE', '`seed`')
  throwsCode(t, make({ seed: true }), 'ERR_TYPE', '`seed`')
  throwsCode(t, make({ version: 2 }), 'ERR_VERSION', '`version`')
  throwsCode(t, make({ layer: [] }), 'ERR_OPTION', 'layer')
  throwsCode(t, () => sequential(untyped(undefined)), 'ERR_TYPE', '`options`')
})

test('a model of absurd size is refused before memory is asked for', (t) => {
  const layers = [dense(2 ** 30), dense(2 ** 30), dense(2)]
  throwsCode(t, () => sequential({ input: [2], output: 'softmax', layers }), 'ERR_CONFIG', '2^31 parameters')
})

import test from 'ava'
import { activation, dense, dropout, flatten, normalize } from '../../src/nn/index.js'
import { ACTIVATIONS, checkLayer, INITIALIZERS } from '../../src/nn/layers/index.js'
import { throwsCode, untyped } from '../throws.js'

test('a layer is a frozen plain value with what was said and nothing else', (t) => {
  t.deepEqual(dense(64, { activation: 'relu', bias: undefined }), {
    type: 'dense',
    units: 64,
    activation: 'relu',
  })
  t.deepEqual(dropout(0.5, { site: 3, scaling: 'standard' }), {
    type: 'dropout',
    rate: 0.5,
    scaling: 'standard',
    site: 3,
  })
  t.deepEqual(activation('gelu'), { type: 'activation', activation: 'gelu' })
  t.deepEqual(flatten(), { type: 'flatten' })
  t.deepEqual(normalize({ epsilon: 0 }), { type: 'normalize', epsilon: 0 })
  for (const layer of [dense(1), dropout(0), activation('relu'), flatten(), normalize()]) {
    t.true(Object.isFrozen(layer))
    t.deepEqual(checkLayer(JSON.parse(JSON.stringify(layer)), 'layers[0]'), layer)
  }
})

test('every name of an activation and of an initialiser is accepted', (t) => {
  for (const name of ACTIVATIONS) t.is(activation(name).activation, name)
  for (const name of INITIALIZERS) t.is(dense(2, { initializer: name }).initializer, name)
})

test('a bad argument is named with what it got and what is allowed', (t) => {
  throwsCode(t, () => dense(0), 'ERR_RANGE', '`units` must be a whole number in [1, 2147483648]; got 0')
  throwsCode(t, () => dense(1.5), 'ERR_RANGE', '`units`')
  throwsCode(t, () => dense(untyped('64')), 'ERR_TYPE', '`units`')
  throwsCode(t, () => dense(2, { activation: untyped('rellu') }), 'ERR_OPTION', "'relu', 'leakyRelu'")
  throwsCode(t, () => dense(2, { activation: untyped(3) }), 'ERR_TYPE', '`activation`')
  throwsCode(t, () => dense(2, { bias: untyped(1) }), 'ERR_TYPE', '`bias` must be true or false; got 1')
  throwsCode(t, () => dense(2, { initializer: untyped('he') }), 'ERR_OPTION', 'heNormal')
  throwsCode(t, () => dense(2, untyped({ unit: 3 })), 'ERR_OPTION', 'activation')
  throwsCode(t, () => dense(2, untyped(null)), 'ERR_TYPE', '`options`')
  throwsCode(t, () => dropout(1.5), 'ERR_RATE', '`rate` must be a number in [0, 1]; got 1.5')
  throwsCode(t, () => dropout(Number.NaN), 'ERR_RATE', 'NaN')
  throwsCode(t, () => dropout(untyped('0.5')), 'ERR_TYPE', '`rate`')
  throwsCode(t, () => dropout(0.5, { site: 65_536 }), 'ERR_RANGE', '`site`')
  throwsCode(t, () => dropout(0.5, { scaling: untyped('none') }), 'ERR_OPTION', "'inverted', 'standard'")
  throwsCode(t, () => activation(untyped('swish')), 'ERR_OPTION', '`name`')
  throwsCode(
    t,
    () => normalize({ epsilon: -1 }),
    'ERR_RANGE',
    '`epsilon` must be a finite number of at least 0',
  )
})

test('a layer in a list is named by its place', (t) => {
  const check = (layer: unknown) => () => checkLayer(layer, 'layers[2]')
  throwsCode(t, check({ type: 'dense' }), 'ERR_TYPE', '`layers[2].units`')
  throwsCode(t, check({ type: 'dense', units: 2, unit: 3 }), 'ERR_OPTION', '`layers[2]` has no "unit"')
  throwsCode(t, check({ type: 'dropout', rate: 2 }), 'ERR_RATE', '`layers[2].rate`')
  throwsCode(t, check({ type: 'activation' }), 'ERR_TYPE', '`layers[2].activation`')
  throwsCode(t, check({ type: 'normalize', epsilon: Infinity }), 'ERR_RANGE', '`layers[2].epsilon`')
  throwsCode(t, check({ type: 'flatten', axis: 1 }), 'ERR_OPTION', 'axis')
  throwsCode(
    t,
    check({ type: 'conv9d' }),
    'ERR_OPTION',
    "'dense', 'activation', 'dropout', 'flatten', 'normalize', 'residual'",
  )
  throwsCode(t, check({}), 'ERR_TYPE', '`layers[2].type`')
  throwsCode(t, check(undefined), 'ERR_TYPE', '`layers[2]` must be a layer')
  throwsCode(t, check(null), 'ERR_TYPE', 'null')
})

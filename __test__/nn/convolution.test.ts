import test from 'ava'
import {
  averagePool2d,
  batchNorm,
  conv1d,
  conv2d,
  dropBlock,
  globalAveragePool,
  type Layer,
  maxPool2d,
  spatialDropout,
} from '../../src/nn/index.js'
import { checkLayer } from '../../src/nn/layers/index.js'
import { throwsCode, untyped } from '../throws.js'

test('a layer is a frozen plain value with what was said and nothing else', (t) => {
  t.deepEqual(conv2d(8, 3), { type: 'conv2d', filters: 8, kernelSize: 3 })
  t.deepEqual(conv2d(8, [3, 5], { padding: 'same', stride: [2, 1], groups: 4, bias: undefined }), {
    type: 'conv2d',
    filters: 8,
    kernelSize: [3, 5],
    stride: [2, 1],
    padding: 'same',
    groups: 4,
  })
  t.deepEqual(conv1d(4, 5, { dilation: 2, activation: 'relu' }), {
    type: 'conv1d',
    filters: 4,
    kernelSize: 5,
    dilation: 2,
    activation: 'relu',
  })
  t.deepEqual(maxPool2d(2, { padding: [0, 1], layout: 'NCHW' }), {
    type: 'maxPool2d',
    size: 2,
    padding: [0, 1],
    layout: 'NCHW',
  })
  t.deepEqual(averagePool2d([2, 3], { stride: 1 }), { type: 'averagePool2d', size: [2, 3], stride: 1 })
  t.deepEqual(globalAveragePool(), { type: 'globalAveragePool' })
  t.deepEqual(batchNorm({ momentum: 0, epsilon: 1e-3 }), { type: 'batchNorm', momentum: 0, epsilon: 1e-3 })
  t.deepEqual(spatialDropout(0.5, { share: 'batch' }), { type: 'spatialDropout', rate: 0.5, share: 'batch' })
  t.deepEqual(dropBlock(0.1, [3, 2], { scale: 'position', shareChannels: true }), {
    type: 'dropBlock',
    rate: 0.1,
    blockSize: [3, 2],
    shareChannels: true,
    scale: 'position',
  })
  const layers: Layer[] = [
    conv2d(1, [1, 2]),
    conv1d(1, 1),
    maxPool2d([2, 2]),
    averagePool2d(2),
    globalAveragePool({ layout: 'NCHW' }),
    batchNorm(),
    spatialDropout(0),
    dropBlock(1, 3, { border: 'clipped', rule: 'paper', site: 2 }),
  ]
  for (const layer of layers) {
    t.true(Object.isFrozen(layer))
    t.deepEqual(checkLayer(JSON.parse(JSON.stringify(layer)), 'layers[0]'), layer)
  }
})

test('a bad argument is named with what it got and what is allowed', (t) => {
  throwsCode(t, () => conv2d(0, 3), 'ERR_RANGE', '`filters`')
  throwsCode(t, () => conv2d(1, 0), 'ERR_RANGE', '`kernelSize`')
  throwsCode(t, () => conv2d(1, [3, 0]), 'ERR_RANGE', '`kernelSize[1]`')
  throwsCode(t, () => conv2d(1, untyped([3])), 'ERR_SHAPE', '`kernelSize`')
  throwsCode(t, () => conv2d(1, untyped('3')), 'ERR_TYPE', '`kernelSize`')
  throwsCode(t, () => conv2d(1, 3, { stride: 0 }), 'ERR_RANGE', '`stride`')
  throwsCode(t, () => conv2d(1, 3, { padding: -1 }), 'ERR_RANGE', '`padding`')
  throwsCode(t, () => conv2d(1, 3, { padding: untyped('full') }), 'ERR_OPTION', "'valid', 'same'")
  throwsCode(t, () => conv2d(1, 3, { layout: untyped('NHCW') }), 'ERR_OPTION', "'NHWC', 'NCHW'")
  throwsCode(t, () => conv2d(1, 3, untyped({ strides: 2 })), 'ERR_OPTION', 'strides')
  throwsCode(t, () => conv1d(1, untyped([3, 3])), 'ERR_TYPE', '`kernelSize`')
  throwsCode(t, () => conv1d(1, 3, untyped({ layout: 'NHWC' })), 'ERR_OPTION', 'layout')
  throwsCode(t, () => conv1d(1, 3, { padding: untyped([1, 1]) }), 'ERR_TYPE', '`padding`')
  throwsCode(t, () => maxPool2d(0), 'ERR_RANGE', '`size`')
  throwsCode(t, () => averagePool2d(2, { stride: 1.5 }), 'ERR_RANGE', '`stride`')
  throwsCode(t, () => globalAveragePool(untyped({ axis: 1 })), 'ERR_OPTION', 'axis')
  throwsCode(t, () => batchNorm({ momentum: 2 }), 'ERR_RANGE', '`momentum`')
  throwsCode(t, () => batchNorm({ epsilon: 0 }), 'ERR_RANGE', '`epsilon`')
  throwsCode(t, () => spatialDropout(2), 'ERR_RATE', '`rate`')
  throwsCode(t, () => spatialDropout(0.5, { share: untyped('row') }), 'ERR_OPTION', "'none', 'batch'")
  throwsCode(t, () => dropBlock(0.5, 0), 'ERR_RANGE', '`blockSize`')
  throwsCode(t, () => dropBlock(0.5, [3, 0]), 'ERR_RANGE', '`blockSize[1]`')
  throwsCode(t, () => dropBlock(0.5, 3, { rule: untyped('exactly') }), 'ERR_OPTION', "'exact', 'paper'")
  throwsCode(
    t,
    () => checkLayer({ type: 'conv2d', filters: 2 }, 'layers[1]'),
    'ERR_TYPE',
    '`layers[1].kernelSize`',
  )
})

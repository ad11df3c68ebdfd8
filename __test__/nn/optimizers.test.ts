import test from 'ava'
import { adam, adamw, cosine, dense, type Optimizer, sequential, sgd } from '../../src/nn/index.js'
import { checkOptimizer } from '../../src/nn/optimizers.js'
import { throwsCode, untyped } from '../throws.js'
import { line } from './quadrants.js'

test('an optimiser is a frozen plain value that survives JSON', (t) => {
  t.deepEqual(sgd({ momentum: 0.9, nesterov: true }), { type: 'sgd', momentum: 0.9, nesterov: true })
  t.deepEqual(adam(), { type: 'adam' })
  t.deepEqual(adamw({ weightDecay: 0.1 }), { type: 'adamw', weightDecay: 0.1 })
  const optimizers = [
    sgd(),
    adam({ learningRate: cosine({ initial: 0.1 }), beta1: 0, epsilon: 1 }),
    adamw({ beta2: 0.9 }),
  ]
  for (const optimizer of optimizers) {
    t.true(Object.isFrozen(optimizer))
    t.deepEqual(checkOptimizer(JSON.parse(JSON.stringify(optimizer)), 'optimizer'), optimizer)
  }
})

test('each optimiser finds a line', async (t) => {
  const optimizers: Optimizer[] = [
    sgd({ learningRate: 0.2 }),
    sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
    adam({ learningRate: 0.1 }),
    adamw({ learningRate: 0.1, weightDecay: 0 }),
  ]
  for (const optimizer of optimizers) {
    const model = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
    await model.fit(line(64), { epochs: 60, batchSize: 16, optimizer })
    const { 'layers.0.weight': weight, 'layers.0.bias': bias } = model.parameters()
    const found = [...(weight?.values ?? []), ...(bias?.values ?? [])]
    for (const [i, expected] of [2, -1, 1].entries()) {
      t.true(Math.abs((found[i] as number) - expected) < 0.01, `${JSON.stringify(optimizer)}: ${found}`)
    }
  }
})

test('weight decay pulls weights to zero', async (t) => {
  const norm = async (optimizer: Optimizer) => {
    const model = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
    await model.fit(line(64), { epochs: 40, optimizer })
    return Math.hypot(...(model.parameters()['layers.0.weight']?.values ?? []))
  }
  t.true(
    (await norm(sgd({ learningRate: 0.1, weightDecay: 1 }))) < 0.7 * (await norm(sgd({ learningRate: 0.1 }))),
  )
})

test('a bad number or name is refused', (t) => {
  throwsCode(t, () => sgd({ momentum: 1 }), 'ERR_RANGE', '`momentum` must be a number in [0, 1); got 1')
  throwsCode(t, () => sgd({ nesterov: untyped('yes') }), 'ERR_TYPE', '`nesterov`')
  throwsCode(t, () => sgd(untyped({ beta1: 0.9 })), 'ERR_OPTION', 'beta1')
  throwsCode(t, () => sgd(untyped({ type: 'adam' })), 'ERR_OPTION', 'type')
  throwsCode(t, () => adam({ beta1: -0.1 }), 'ERR_RANGE', '`beta1`')
  throwsCode(t, () => adam({ beta2: untyped(null) }), 'ERR_TYPE', '`beta2`')
  throwsCode(t, () => adam({ epsilon: 0 }), 'ERR_RANGE', '`epsilon`')
  throwsCode(t, () => adamw({ weightDecay: -1 }), 'ERR_RANGE', '`weightDecay`')
  throwsCode(t, () => adamw({ learningRate: Infinity }), 'ERR_RANGE', '`learningRate`')
  throwsCode(t, () => checkOptimizer('adam', 'optimizer'), 'ERR_TYPE', '`optimizer` must be an optimiser')
  throwsCode(t, () => checkOptimizer({ type: 'lion' }, 'optimizer'), 'ERR_OPTION', "'sgd', 'adam', 'adamw'")
  throwsCode(
    t,
    () => checkOptimizer({ type: 'adam', beta1: 2 }, 'optimizer'),
    'ERR_RANGE',
    '`optimizer.beta1`',
  )
})

import test from 'ava'
import {
  adam,
  constant,
  cosine,
  dense,
  type LearningRate,
  sequential,
  step,
  warmUp,
} from '../../src/nn/index.js'
import { throwsCode, untyped } from '../throws.js'
import { line } from './quadrants.js'

test('a schedule is a frozen plain value', (t) => {
  const schedule = warmUp({ over: 2, next: cosine({ initial: 0.1, final: 0.01 }) })
  t.deepEqual(schedule, { type: 'warmUp', over: 2, next: { type: 'cosine', initial: 0.1, final: 0.01 } })
  t.true(Object.isFrozen(schedule))
  t.deepEqual(constant(0.1), { type: 'constant', value: 0.1 })
  t.deepEqual(step({ initial: 1, factor: 0.5, every: 2 }), {
    type: 'step',
    initial: 1,
    factor: 0.5,
    every: 2,
  })
})

test('the rate of each epoch is the one its schedule says', async (t) => {
  const rates = async (learningRate: LearningRate) => {
    const model = sequential({ input: [2], output: 'identity', seed: 1n, layers: [dense(1)] })
    const { epochs } = await model.fit(line(8), {
      epochs: 4,
      batchSize: 8,
      optimizer: adam({ learningRate }),
    })
    return epochs.map((event) => event.learningRate)
  }
  t.deepEqual(await rates(0.25), [0.25, 0.25, 0.25, 0.25])
  t.deepEqual(await rates(constant(0.25)), [0.25, 0.25, 0.25, 0.25])
  t.deepEqual(await rates(step({ initial: 1, factor: 0.5, every: 2 })), [1, 1, 0.5, 0.5])
  t.deepEqual(await rates(cosine({ initial: 1, final: 0.5, over: 2 })), [1, 0.75, 0.5, 0.5])
  t.deepEqual(await rates(warmUp({ over: 4, next: 1 })), [0.25, 0.5, 0.75, 1])
})

test('a bad number or name is refused wherever it stands', (t) => {
  throwsCode(t, () => constant(-1), 'ERR_RANGE', '`value` must be a number in [0, 1000000]; got -1')
  throwsCode(
    t,
    () => step({ initial: 1, factor: 0, every: 1 }),
    'ERR_RANGE',
    '`factor` must be a number in (0, 1]',
  )
  throwsCode(t, () => step({ initial: 1, factor: 1, every: 0 }), 'ERR_RANGE', '`every`')
  throwsCode(t, () => step(untyped({ initial: 1, factor: 1 })), 'ERR_TYPE', '`every`')
  throwsCode(t, () => cosine({ initial: 1, over: -1 }), 'ERR_RANGE', '`over`')
  throwsCode(t, () => cosine({ initial: 1, final: 1e7 }), 'ERR_RANGE', '`final`')
  throwsCode(t, () => cosine(untyped({ initial: 1, end: 0 })), 'ERR_OPTION', 'end')
  throwsCode(t, () => warmUp({ over: 0, next: 1 }), 'ERR_RANGE', '`over` must be a finite number above 0')
  throwsCode(
    t,
    () => warmUp({ over: 1, next: untyped({ type: 'step', initial: 2 }) }),
    'ERR_TYPE',
    '`next.factor`',
  )
  throwsCode(t, () => warmUp({ over: 1, next: untyped({ type: 'spiral' }) }), 'ERR_OPTION', '`next.type`')
  throwsCode(t, () => adam({ learningRate: untyped('fast') }), 'ERR_TYPE', '`learningRate`')
})

import test from 'ava'
import { mask, type RateSchedule, rateAt } from '../../src/index.js'
import { dropPathRates } from '../../src/mask/structured/index.js'
import { throwsCode, untyped } from '../throws.js'

test('schedules are worked out from plain values that survive JSON', (t) => {
  const at = (schedule: RateSchedule, done: number, loss?: number): number =>
    rateAt(JSON.parse(JSON.stringify(schedule)), { done, loss })
  t.is(at({ type: 'constant', rate: 0.3 }, 0.7), 0.3)
  t.deepEqual(
    [0, 0.5, 1].map((done) => at({ type: 'linear', to: 0.2 }, done)),
    [0, 0.1, 0.2],
  )
  t.deepEqual(
    [0, 0.25, 0.5, 1].map((done) => at({ type: 'linear', from: 0.4, to: 0.2, over: 0.5 }, done)),
    [0.4, 0.30000000000000004, 0.2, 0.2],
  )
  t.is(at({ type: 'cosine', to: 0.5 }, 0), 0)
  t.true(Math.abs(at({ type: 'cosine', to: 0.5 }, 0.5) - 0.25) < 1e-15)
  t.is(at({ type: 'cosine', to: 0.5 }, 1), 0.5)
  t.is(at({ type: 'curriculum', to: 0.5 }, 0), 0)
  t.true(Math.abs(at({ type: 'curriculum', to: 0.5, gamma: 2 }, 0.5) - 0.5 * (1 - Math.exp(-1))) < 1e-15)
  const loss: RateSchedule = { type: 'loss', to: 0.6, start: 2, goal: 1 }
  t.deepEqual(
    [3, 2, 1.5, 1, 0].map((now) => at(loss, 0, now)),
    [0, 0, 0.3, 0.6, 0.6],
  )
})

test('what a schedule cannot be is refused', (t) => {
  throwsCode(t, () => rateAt({ type: 'linear', to: 1.2 }), 'ERR_RATE', 'schedule.to')
  throwsCode(t, () => rateAt({ type: 'linear', to: 0.2, over: 0 }), 'ERR_RANGE', 'schedule.over')
  throwsCode(t, () => rateAt({ type: 'constant', rate: 0.2 }, { done: 1.5 }), 'ERR_RANGE', 'progress.done')
  throwsCode(
    t,
    () => rateAt({ type: 'loss', to: 0.2, start: 1, goal: 2 }, { loss: 1 }),
    'ERR_RANGE',
    'schedule.goal',
  )
  throwsCode(t, () => rateAt({ type: 'loss', to: 0.2, start: 2, goal: 1 }), 'ERR_TYPE', 'progress.loss')
  throwsCode(t, () => rateAt(untyped({ type: 'step' })), 'ERR_OPTION', 'schedule.type')
  throwsCode(t, () => rateAt(untyped({ type: 'cosine', too: 1 })), 'ERR_OPTION', 'too')
  throwsCode(t, () => rateAt(untyped(0.5)), 'ERR_TYPE', 'schedule')
  throwsCode(t, () => rateAt({ type: 'curriculum', to: 0.2, gamma: 0 }), 'ERR_RANGE', 'schedule.gamma')
})

test('branches survive by the linear rule', (t) => {
  t.deepEqual(dropPathRates({ layers: 4 }), [0.125, 0.25, 0.375, 0.5])
  const rates = dropPathRates({ layers: 54, survival: 0.5 })
  const depth = rates.reduce((sum, rate) => sum + 1 - rate, 0)
  t.true(Math.abs(depth - 40.25) < 1e-12)
  throwsCode(t, () => dropPathRates({ layers: 0 }), 'ERR_RANGE', 'layers')
  throwsCode(t, () => dropPathRates({ layers: 3, survival: 2 }), 'ERR_RANGE', 'survival')
  // Expected depth in draws: each branch of 400 rows keeps its share.
  const kept = rates.map(
    (rate, site) => mask.dropPath({ seed: 3n, site, rate, shape: [400, 1] }).count() / 400,
  )
  const mean = kept.reduce((a, b) => a + b)
  t.true(
    Math.abs(mean - 40.25) < 4.5 * Math.sqrt(rates.reduce((s, p) => s + p * (1 - p), 0) / 400),
    `${mean}`,
  )
})

import test from 'ava'
import { AbortError, selfTest } from '../../src/index.js'
import { rejectsCode, untyped } from '../throws.js'

/** Fixed seeds: these runs pass or fail for good. */
const SEEDS = [
  0n,
  2n ** 32n,
  2n ** 63n,
  2n ** 64n - 1n,
  ...Array.from({ length: 16 }, (_, i) => BigInt(i + 1)),
]

for (const seed of SEEDS) {
  test(`a right stream passes: seed ${seed}`, async (t) => {
    const { passed, tests } = await selfTest({ seed, effort: 'quick' })
    t.true(passed, JSON.stringify(tests.filter((result) => !result.passed)))
  })
}

test('the report', async (t) => {
  const report = await selfTest({ seed: '7', effort: 'quick' })
  t.is(report.seed, 7n)
  t.is(report.effort, 'quick')
  t.is(report.level, 1e-6)
  t.true(report.lanes > 5e8)
  t.is(new Set(report.tests.map(({ name }) => name)).size, report.tests.length, 'names are unique')
  for (const { pValue, adjustedPValue, statistic, trials, passed } of report.tests) {
    t.true(pValue >= 0 && pValue <= adjustedPValue && adjustedPValue <= 1)
    t.true(Number.isFinite(statistic) && trials > 0 && passed)
  }
})

test('p-values of a right stream are spread over [0, 1]', async (t) => {
  const { tests } = await selfTest({ seed: 1n, effort: 'quick' })
  const scores = tests.filter(({ subject }) => subject === 'independence').map(({ pValue }) => pValue)
  const below = (p: number): number => scores.filter((score) => score < p).length / scores.length
  for (const p of [0.25, 0.5, 0.75]) {
    // Six standard deviations.
    t.true(Math.abs(below(p) - p) < 6 * Math.sqrt((p * (1 - p)) / scores.length), `${p}: ${below(p)}`)
  }
})

test('the same seed gives the same report; without one the system draws it', async (t) => {
  const [first, again, drawn] = await Promise.all(
    [{ seed: 3n }, { seed: 3 }, {}].map((options) => selfTest({ ...options, effort: 'quick' })),
  )
  t.deepEqual(again, first)
  t.not(drawn!.seed, 3n)
  t.notDeepEqual(drawn!.tests, first!.tests)
})

test('progress goes from 0 to nearly 1 and never back', async (t) => {
  const heard: { task: string; done: number }[] = []
  await selfTest({ seed: 1n, effort: 'quick', onProgress: (task, done) => heard.push({ task, done }) })
  t.is(heard[0]!.done, 0)
  t.true(heard.at(-1)!.done > 0.9 && heard.at(-1)!.done <= 1)
  t.true(heard.every(({ done }, i) => i === 0 || done >= heard[i - 1]!.done))
  t.true(new Set(heard.map(({ task }) => task)).size > 4)
})

test('a signal stops it, and the event loop has its turns', async (t) => {
  const controller = new AbortController()
  setTimeout(() => controller.abort('enough'), 50)
  const error = await t.throwsAsync(selfTest({ effort: 'thorough', signal: controller.signal }), {
    instanceOf: AbortError,
    message: /after \d+ % of the self-test/,
  })
  t.is(error!.cause, 'enough')
  await rejectsCode(t, () => selfTest({ signal: AbortSignal.abort() }), 'ERR_ABORTED', 'after 0 %')
})

test('wrong options', async (t) => {
  await rejectsCode(t, () => selfTest(untyped({ sed: 1 })), 'ERR_OPTION', 'sed')
  await rejectsCode(t, () => selfTest(untyped({ effort: 'lazy' })), 'ERR_OPTION', 'effort')
  await rejectsCode(t, () => selfTest(untyped({ seed: -1 })), 'ERR_RANGE', 'seed')
  await rejectsCode(t, () => selfTest(untyped({ signal: 1 })), 'ERR_TYPE', 'signal')
  await rejectsCode(t, () => selfTest(untyped({ onProgress: 1 })), 'ERR_TYPE', 'onProgress')
})

import test from 'ava'
import type { SelfTestSubject } from '../../src/selfTest/part.js'
import { runSelfTest } from '../../src/selfTest/run.js'
import type { Source } from '../../src/selfTest/source.js'
import * as defects from './defects.js'

const planted = test.macro(
  async (t, source: Source, names: readonly string[], subjects: readonly SelfTestSubject[]) => {
    const { passed, tests } = await runSelfTest({ source, seed: 1n, effort: 'quick' })
    const failed = tests.filter((result) => !result.passed)
    t.false(passed)
    t.deepEqual([...new Set(failed.map(({ subject }) => subject))].toSorted(), [...subjects].toSorted())
    for (const name of names) {
      t.true(
        failed.some((result) => result.name === name),
        `${name}; failed: ${failed.map((result) => result.name).join('; ')}`,
      )
    }
  },
)

/** Both rates of a relation. */
const both = (name: string): string[] => [`${name}, rate 0.5`, `${name}, rate 0.1`]

test(
  'an 8-bit threshold',
  planted,
  defects.eightBitThreshold,
  ['rate 1e-6', 'rate 0.001', 'rate 0.1', 'rate 1/3', 'rate 0.999', 'rate 1 - 1e-6'].map(named),
  ['rates', 'seeds'],
)
test('a 16-bit threshold', planted, defects.sixteenBitThreshold, [named('rate 1e-6')], ['rates'])
test(
  'rates of keeping',
  planted,
  defects.keepsInsteadOfDrops,
  ['rate 0', 'rate 0.1'],
  ['rates', 'positions', 'seeds'],
)
test('a repeated seed', planted, defects.repeatedSeed, both('step i and step i + 1'), [
  'independence',
  'seeds',
])
test('samples that share one mask', planted, defects.sharedSamples, both('sample i and sample i + 1'), [
  'independence',
  'positions',
  'seeds',
])
test('a forgotten site', planted, defects.forgottenSite, both('site i and site i + 1'), ['independence'])
test('a forgotten domain', planted, defects.forgottenDomain, both('domain user and domain mc'), [
  'independence',
])
test('half a seed', planted, defects.shortSeed, both('seeds that differ in bit 32'), ['independence'])
test('a seed plus a step', planted, defects.seedPlusStep, both('next seed and next step'), ['independence'])
test(
  'a neighbour that is copied now and then',
  planted,
  defects.correlatedNeighbour(0.01),
  both('lane i and lane i + 1'),
  ['independence'],
)
test(
  'a biased position',
  planted,
  defects.biasedPosition(77, 0.1),
  ['rate 0', 'the farthest position, rate 0.5', 'the farthest position, rate 0.1'],
  ['positions', 'rates'],
)
test(
  'complementary bytes',
  planted,
  defects.antithetic,
  ['p-values over seeds, rate 0.5'],
  ['independence', 'seeds'],
)
test(
  "DropBlock with torchvision's rate",
  planted,
  defects.torchvisionBlocks,
  [0.1, 0.25, 0.5].map((rate) => `DropBlock 7 on 14 x 14, valid, rate ${rate}`),
  ['blocks'],
)
test('about k of n', planted, defects.aboutK, ['exactly 8 of 64'], ['exactly'])
test('a lane that drops more often', planted, defects.favouredLane, ['each of 64 as often'], ['exactly'])

/** The name of a rate as JavaScript writes it. */
function named(name: string): string {
  return name === 'rate 1e-6' ? `rate ${1e-6}` : name
}

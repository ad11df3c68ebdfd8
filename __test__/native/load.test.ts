import test from 'ava'
import { load, native } from '../../src/native/load.js'
import { platformName } from '../../src/native/platform.js'
import { throwsCode } from '../throws.js'

test('the first addon that fits is taken', (t) => {
  const platform = platformName()
  t.regex(platform, /^(linux-\w+-(gnu|musl)|win32-\w+-msvc|darwin-\w+|freebsd-\w+)$/)
  t.is(load(['./nowhere.node', `../../npm/${platform}/inverted-dropout.${platform}.node`]), native)
})

test('looking for the platform leaves the reports of the process as they were', (t) => {
  const report = process.report as typeof process.report & { excludeNetwork: boolean }
  const before = report.excludeNetwork
  t.teardown(() => {
    report.excludeNetwork = before
  })
  for (const excludeNetwork of [false, true]) {
    report.excludeNetwork = excludeNetwork
    platformName()
    t.is(report.excludeNetwork, excludeNetwork)
  }
})

test('when nothing fits, the error says what was tried and how to go on', (t) => {
  const work = (): unknown => load(['./nowhere.node', 'inverted-dropout-no-such-platform'])
  throwsCode(t, work, 'ERR_NATIVE_MISSING', `no native addon for ${platformName()}`)
  throwsCode(t, work, 'ERR_NATIVE_MISSING', "./nowhere.node: Cannot find module './nowhere.node'")
  throwsCode(t, work, 'ERR_NATIVE_MISSING', "Cannot find module 'inverted-dropout-no-such-platform'")
  throwsCode(t, work, 'ERR_NATIVE_MISSING', `npm install inverted-dropout-${platformName()}`)
})

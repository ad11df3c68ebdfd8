import test from 'ava'
import { interruptible } from '../../src/cli/interrupt.js'
import { fakeHost } from './fakeHost.js'

test('the first Ctrl-C aborts the work and is the only one that is caught', async (t) => {
  const host = fakeHost()
  const aborted = interruptible(host, async (signal) => {
    t.is(host.listeners(), 1)
    host.interrupt()
    t.is(host.listeners(), 0)
    return signal.aborted
  })
  t.true(await aborted)
})

test('work that ends or fails leaves no listener', async (t) => {
  const host = fakeHost()
  t.is(await interruptible(host, async () => 7), 7)
  await t.throwsAsync(
    interruptible(host, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.is(host.listeners(), 0)
})

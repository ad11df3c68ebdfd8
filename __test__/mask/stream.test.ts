import test from 'ava'
import { MaskStream } from '../../src/index.js'
import { throwsCode, untyped } from '../throws.js'

test('masks take sites in turn and steps start them again', (t) => {
  const stream = new MaskStream({ seed: 42n })
  const places = []
  for (let step = 0; step < 2; step++) {
    for (const rate of [0.2, 0.5]) {
      const { site, step, seed } = stream.mask({ rate })
      places.push([step, site, seed])
    }
    stream.advance()
  }
  t.deepEqual(places, [
    [0, 0, 42n],
    [0, 1, 42n],
    [1, 0, 42n],
    [1, 1, 42n],
  ])
  t.is(stream.step, 2)
  t.is(stream.site, 0)
  t.is(stream.mask({ rate: 0.5, sample: 7 }).sample, 7)
  t.is(stream.advance(40).step, 42)
})

test('a stream saved in mid-step goes on where it stood', (t) => {
  const stream = new MaskStream({ seed: '18446744073709551615', step: 5 })
  stream.mask({ rate: 0.5 })
  const text = JSON.stringify(stream)
  t.is(text, '{"streamVersion":1,"seed":"18446744073709551615","step":5,"site":1}')
  const again = MaskStream.from(JSON.parse(text))
  t.deepEqual(again.mask({ rate: 0.5 }), stream.mask({ rate: 0.5 }))
  t.deepEqual(again.toJSON(), stream.toJSON())
})

test('without a seed one is drawn and shown', (t) => {
  const [a, b] = [new MaskStream(), new MaskStream()]
  t.not(a.seed, b.seed)
  t.deepEqual(new MaskStream({ seed: a.seed }).mask({ rate: 0.5 }), a.mask({ rate: 0.5 }))
})

test('a step has 65536 sites', (t) => {
  const stream = MaskStream.from({ streamVersion: 1, seed: '1', step: 0, site: 65535 })
  t.is(stream.mask({ rate: 0.5 }).site, 65535)
  throwsCode(t, () => stream.mask({ rate: 0.5 }), 'ERR_RANGE', '`site` must be a whole number in [0, 65535]')
  t.is(MaskStream.from(stream.toJSON()).advance().mask({ rate: 0.5 }).site, 0)
})

test('a refused mask takes no site', (t) => {
  const stream = new MaskStream({ seed: 1 })
  throwsCode(t, () => stream.mask({ rate: 2 }), 'ERR_RATE', '`rate` must be')
  t.is(stream.site, 0)
})

test('a step is never drawn twice', (t) => {
  const stream = new MaskStream({ seed: 1, step: 2 ** 32 - 3 })
  for (const steps of [0, -1, 3, 0.5]) {
    throwsCode(t, () => stream.advance(steps), 'ERR_RANGE', '`steps` must be a whole number in [1, 2]')
  }
  t.is(stream.advance(2).step, 2 ** 32 - 1)
})

test('bad arguments are refused', (t) => {
  throwsCode(t, () => new MaskStream(untyped({ sed: 1 })), 'ERR_OPTION', 'it may have `seed`, `step`')
  throwsCode(t, () => new MaskStream({ step: -1 }), 'ERR_RANGE', '`step` must be')
  const stream = new MaskStream({ seed: 1, step: 2 ** 32 - 1 })
  throwsCode(t, () => stream.advance(), 'ERR_RANGE', 'step 4294967295 is the last one')
  throwsCode(t, () => stream.mask(untyped({ rate: 0.5, site: 1 })), 'ERR_OPTION', 'has no "site"')
  const written = stream.toJSON()
  throwsCode(
    t,
    () => MaskStream.from({ ...written, streamVersion: 2 }),
    'ERR_VERSION',
    '`streamVersion` must be 1',
  )
  throwsCode(t, () => MaskStream.from({ ...written, site: 65537 }), 'ERR_RANGE', '`site` must be')
})

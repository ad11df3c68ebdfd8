import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import fc from 'fast-check'
import { AbortError, DropoutError } from '../../src/index.js'
import { adam, cosine, type EpochEvent, fromBytes, type History, load } from '../../src/nn/index.js'
import { temporaryFolder } from '../temporary.js'
import { rejectsCode, throwsCode, untyped } from '../throws.js'
import { classifier, quadrants } from './quadrants.js'

const folder = temporaryFolder()

const { x, y } = quadrants(300)
const OPTIONS = { epochs: 6, optimizer: adam({ learningRate: cosine({ initial: 0.01 }) }), batchSize: 32 }

async function trained() {
  const model = classifier()
  await model.fit({ x, y }, OPTIONS)
  return model
}

test('a saved model comes back whole: configuration, weights, normalisation', async (t) => {
  const model = await trained()
  const path = join(folder, 'model.safetensors')
  await model.save(path)
  const expected = model.predictSync(x)
  const copies = [
    await load(path),
    await load(pathToFileURL(path)),
    fromBytes(readFileSync(path)),
    fromBytes(model.toBytes()),
  ]
  for (const copy of copies) {
    t.deepEqual(copy.config, model.config)
    t.deepEqual(copy.predictSync(x), expected)
    t.deepEqual(copy.toBytes(), model.toBytes())
  }
  await Promise.all([model, copies[0] ?? model].map((each) => each.fit({ x, y }, OPTIONS)))
  t.deepEqual(copies[0]?.toBytes(), model.toBytes())
})

test('a run that was aborted in mid-epoch and resumed equals one that was not, bit for bit', async (t) => {
  const data = quadrants(300_000)
  const options = { ...OPTIONS, epochs: 2 }
  const batches = Math.ceil(300_000 / 32)
  const whole = classifier()
  const history = await whole.fit(data, options)
  const path = join(folder, 'aborted')
  const controller = new AbortController()
  const onBatch = () => controller.abort()
  const stopped = classifier().fit(data, {
    ...options,
    checkpoint: { path },
    signal: controller.signal,
    onBatch,
  })
  const error = await t.throwsAsync<AbortError<History>>(stopped, { instanceOf: AbortError })
  t.true((error?.history.steps as number) % batches > 0)
  const second = classifier()
  const resumed = await second.fit(data, { ...options, resume: path })
  t.deepEqual(second.toBytes(), whole.toBytes())
  t.is(resumed.steps, 2 * batches)
  t.deepEqual(
    resumed.epochs.map(({ loss }) => loss),
    history.epochs.map(({ loss }) => loss),
  )
})

test('a checkpoint every few steps is one to go on from', async (t) => {
  const data = quadrants(300_000)
  const options = { ...OPTIONS, epochs: 1 }
  const whole = classifier()
  await whole.fit(data, options)
  const [path, copy] = [join(folder, 'every'), join(folder, 'power-cut')]
  const controller = new AbortController()
  // In the middle of the first epoch nothing else has written a checkpoint: what is there then is kept.
  const onBatch = () => {
    if (!existsSync(path)) return
    copyFileSync(path, copy)
    controller.abort()
  }
  const checkpoint = { path, everySteps: 500 }
  const run = classifier().fit(data, { ...options, checkpoint, signal: controller.signal, onBatch })
  await t.throwsAsync(run, { instanceOf: AbortError })
  const other = classifier()
  const { steps } = await other.fit(data, { ...options, resume: copy })
  t.is(steps, Math.ceil(300_000 / 32))
  t.deepEqual(other.toBytes(), whole.toBytes())
  t.notDeepEqual((await load(copy)).toBytes(), whole.toBytes())
})

test('the last few checkpoints stay as numbered files, and any of them is one to go on from', async (t) => {
  const inside = mkdtempSync(join(folder, 'rotation-'))
  const path = join(inside, 'run')
  const options = { ...OPTIONS, ema: { decay: 0.9 }, accumulate: 4, checkpoint: { path, keep: 2 } }
  const whole = classifier()
  await whole.fit({ x, y }, options)
  // Ten steps an epoch.
  t.deepEqual(readdirSync(inside).sort(), ['run', 'run.000050', 'run.000060'])
  t.deepEqual(readFileSync(path), readFileSync(`${path}.000060`))
  const other = classifier()
  await other.fit({ x, y }, { ...options, resume: `${path}.000050` })
  t.deepEqual(other.toBytes(), whole.toBytes())
  t.deepEqual(readdirSync(inside).sort(), ['run', 'run.000050', 'run.000060'])
  t.deepEqual((await load(path)).toBytes(), whole.toBytes())
})

test('an error in a callback leaves the checkpoint of its epoch', async (t) => {
  const path = join(folder, 'error')
  const whole = await trained()
  const onEpoch = ({ epoch }: EpochEvent) => {
    if (epoch === 2) throw new Error('power cut')
  }
  const run = classifier().fit({ x, y }, { ...OPTIONS, checkpoint: { path }, onEpoch })
  await t.throwsAsync(run, { message: 'power cut' })
  const other = classifier()
  await other.fit({ x, y }, { ...OPTIONS, resume: path })
  t.deepEqual(other.toBytes(), whole.toBytes())
})

test('a checkpoint of other data or of another model is refused', async (t) => {
  const path = join(folder, 'resume')
  await classifier().fit({ x, y }, { ...OPTIONS, checkpoint: { path } })
  const resume = { ...OPTIONS, epochs: 9, resume: path }
  await rejectsCode(t, () => classifier().fit(quadrants(299), resume), 'ERR_RESUME', 'data')
  await rejectsCode(t, () => classifier(0.3).fit({ x, y }, resume), 'ERR_RESUME', path)
  await rejectsCode(
    t,
    () => classifier().fit({ x, y }, { ...resume, batchSize: 16 }),
    'ERR_RESUME',
    'batchSize',
  )
  const plain = join(folder, 'plain')
  await classifier().save(plain)
  await rejectsCode(t, () => classifier().fit({ x, y }, { ...resume, resume: plain }), 'ERR_RESUME', plain)
})

test('what is not a model of this library is refused', async (t) => {
  const bytes = (await trained()).toBytes()
  const text = (change: (header: string) => string) => {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
    const header = new TextEncoder().encode(change(new TextDecoder().decode(bytes.subarray(8, 8 + length))))
    const out = new Uint8Array(8 + header.length + bytes.length - 8 - length)
    new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true)
    out.set(header, 8)
    out.set(bytes.subarray(8 + length), 8 + header.length)
    return out
  }
  t.deepEqual(fromBytes(text((header) => header)).toBytes(), bytes)
  throwsCode(t, () => fromBytes(new TextEncoder().encode('a picture')), 'ERR_NOT_A_MODEL', 'safetensors')
  throwsCode(t, () => fromBytes(new Uint8Array(0)), 'ERR_TRUNCATED', 'bytes')
  throwsCode(t, () => fromBytes(bytes.slice(0, -1)), 'ERR_TRUNCATED', 'are there')
  throwsCode(
    t,
    () => fromBytes(text((header) => header.replace('"version":"1"', '"version":"2"'))),
    'ERR_VERSION',
    '2',
  )
  throwsCode(
    t,
    () => fromBytes(text((header) => header.replace('layers.1.bias', 'layers.1.bios'))),
    'ERR_CORRUPT',
    'bias',
  )
  throwsCode(t, () => fromBytes(untyped('model')), 'ERR_TYPE', '`bytes` must be a Uint8Array')
  throwsCode(t, () => fromBytes(new Uint8Array(new SharedArrayBuffer(8))), 'ERR_SHARED', '`bytes`')
  const path = join(folder, 'broken')
  writeFileSync(path, bytes.slice(0, 50))
  await rejectsCode(t, () => load(path), 'ERR_TRUNCATED', path)
  await rejectsCode(t, () => load(join(folder, 'missing')), 'ERR_IO', 'missing')
  await rejectsCode(t, () => load(untyped(3)), 'ERR_TYPE', '`path`')
  await rejectsCode(t, () => classifier().save(join(folder, 'no', 'folder')), 'ERR_IO', 'folder')
  await rejectsCode(t, () => classifier().save(''), 'ERR_TYPE', '`path`')
})

test('any bytes give a model or an error of this library', async (t) => {
  const bytes = (await trained()).toBytes()
  const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(bytes.length), (changes, length) => {
      const broken = bytes.slice(0, length % 3 === 0 ? length : bytes.length)
      for (const { at, to } of changes) broken[at % Math.max(1, broken.length)] = to
      try {
        fromBytes(broken).dispose()
      } catch (error) {
        t.true(error instanceof DropoutError)
        t.not((error as DropoutError).code, 'ERR_INTERNAL')
      }
    }),
    { numRuns: 500 },
  )
})

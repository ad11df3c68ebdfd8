import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { adam, dense, dropout, load, type Model, sequential, sgd } from '../../src/nn/index.js'
import { line } from '../nn/quadrants.js'
import { rejectsCode } from '../throws.js'

const BATCH = 8
const BAD_STEP = 5

function regressor(): Model {
  const layers = [dense(16, { activation: 'relu' }), dropout(0.2), dense(1)]
  return sequential({ input: [2], output: 'identity', seed: 1n, layers })
}

/** Points of a line, of which one in the batch of step 5 is larger than a loss in single precision can be. */
function poisoned(size: number) {
  const { x, y } = line(12 * BATCH)
  x[BAD_STEP * BATCH + 3] = [size, size]
  return { x, y }
}

/** The weights after so many of the first batches. */
async function after(steps: number, optimizer: typeof SGD | typeof ADAM) {
  const model = regressor()
  const { x, y } = line(12 * BATCH)
  for (let step = 0; step < steps; step++) {
    const [start, end] = [step * BATCH, (step + 1) * BATCH]
    const ids = Array.from({ length: BATCH }, (_, row) => start + row)
    await model.trainStep({ x: x.slice(start, end), y: y.slice(start, end), ids }, { optimizer })
  }
  return model.parameters()
}

const SGD = sgd({ learningRate: 0.01, momentum: 0.9 })
const ADAM = adam({ learningRate: 0.01 })

for (const optimizer of [SGD, ADAM]) {
  test(`${optimizer.type}: a loss that becomes infinite in mid-training takes back the step before it, bit for bit`, async (t) => {
    const model = regressor()
    const options = { epochs: 3, batchSize: BATCH, shuffle: false, optimizer }
    await rejectsCode(t, () => model.fit(poisoned(3e38), options), 'ERR_DIVERGED', `step ${BAD_STEP}`)
    t.deepEqual(model.parameters(), await after(BAD_STEP - 1, optimizer))
    // The model is as good as any other.
    await model.fit(line(12 * BATCH), { ...options, epochs: 20 })
    t.true((await model.evaluate(line(64))).loss < 1)
  })

  test(`${optimizer.type}: a gradient too large for single precision changes nothing, bit for bit`, async (t) => {
    const model = regressor()
    const options = { epochs: 3, batchSize: BATCH, shuffle: false, optimizer }
    await rejectsCode(t, () => model.fit(poisoned(1e15), options), 'ERR_DIVERGED', `step ${BAD_STEP}`)
    t.deepEqual(model.parameters(), await after(BAD_STEP, optimizer))
  })
}

test('a checkpoint from before the divergence stays', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'checkpoint')
  const checkpoint = { path, everySteps: 2 }
  const options = { epochs: 3, batchSize: BATCH, shuffle: false, optimizer: ADAM, checkpoint }
  await rejectsCode(t, () => regressor().fit(poisoned(3e38), options), 'ERR_DIVERGED', `step ${BAD_STEP}`)
  using saved = await load(path)
  t.deepEqual(saved.parameters(), await after(4, ADAM))
  // Going on from it meets the same row.
  await rejectsCode(
    t,
    () => regressor().fit(poisoned(3e38), { ...options, resume: path }),
    'ERR_DIVERGED',
    `step ${BAD_STEP}`,
  )
})

import test from 'ava'
import { child } from '../native/child.js'
import { moments } from './moments.js'

const ABORTS = 50
const SEED = 1929
/** Milliseconds: from before training begins until long after. */
const LATEST = 40

test('an abort at 50 random moments: the error says so, the weights are those of a step, the process ends', async (t) => {
  const random = moments(SEED)
  const delays = Array.from({ length: ABORTS }, () => random() * LATEST)
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises'
    import { createHash } from 'node:crypto'
    import { AbortError } from 'inverted-dropout'
    import { adam, dense, dropout, sequential } from 'inverted-dropout/nn'
    const BATCH = 128
    const make = () => {
      const layers = [dense(128, { activation: 'relu' }), dropout(0.5), dense(128, { activation: 'relu' }), dropout(0.5), dense(2)]
      return sequential({ input: [2], output: 'softmax', seed: 1n, layers })
    }
    const rows = 100 * BATCH
    const x = Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(i * i))
    const y = Uint8Array.from({ length: rows }, (_, row) => (x[2 * row] > x[2 * row + 1] ? 1 : 0))
    const optimizer = adam()
    const hash = (model) => {
      const hash = createHash('sha256')
      for (const { values } of Object.values(model.parameters())) hash.update(values)
      return hash.digest('hex')
    }
    const ends = []
    const problems = []
    for (const delay of ${JSON.stringify(delays)}) {
      const model = make()
      const controller = new AbortController()
      const run = model.fit({ x, y }, { epochs: 1_000_000, batchSize: BATCH, shuffle: false, optimizer, signal: controller.signal })
      const failure = run.catch((error) => error)
      await sleep(delay)
      controller.abort()
      const error = await failure
      const { history } = error
      if (!(error instanceof AbortError && error.code === 'ERR_ABORTED')) problems.push(String(error))
      if (history.epochs.length !== Math.floor(history.steps / 100)) problems.push(JSON.stringify(history))
      ends.push([history.steps, hash(model)])
      if (!(await model.predict(x.subarray(0, 20))).every(Number.isFinite)) problems.push('predictions')
      await model.fit({ x: x.subarray(0, 2 * BATCH), y: y.subarray(0, BATCH) }, { epochs: 1, batchSize: BATCH })
    }
    // The same steps one by one, by whose number the weights of every stopped run are known.
    const steps = Math.max(...ends.map(([steps]) => steps))
    const reference = make()
    const known = [hash(reference)]
    for (let step = 0; step < steps; step++) {
      const start = (step % 100) * BATCH
      const ids = Uint32Array.from({ length: BATCH }, (_, row) => start + row)
      await reference.trainStep({ x: x.subarray(2 * start, 2 * (start + BATCH)), y: y.subarray(start, start + BATCH), ids }, { optimizer })
      known.push(hash(reference))
    }
    for (const [steps, hash] of ends) if (known[steps] !== hash) problems.push(steps + ' steps')
    console.log(JSON.stringify({ steps: ends.map(([steps]) => steps), problems }))
  `
  const { steps, problems } = JSON.parse(await child(script)) as { steps: number[]; problems: string[] }
  t.log(`seed ${SEED}: stopped after ${Math.min(...steps)} to ${Math.max(...steps)} steps`)
  t.deepEqual(problems, [])
  t.is(steps.length, ABORTS)
  // They were stopped at moments that differ.
  t.true(new Set(steps).size > ABORTS / 5)
})

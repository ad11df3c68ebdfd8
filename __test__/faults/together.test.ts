import test from 'ava'
import { child } from '../native/child.js'

/** Four different trainings by number, and the hash of what each of them learnt and did on the way. */
const RUN = `
  const run = async (number) => {
    const activation = ['relu', 'tanh', 'gelu', 'silu'][number % 4]
    const layers = [normalize(), dense(256, { activation }), dropout(0.5), dense(256, { activation }), dropout(0.2), dense(3)]
    const model = sequential({ input: [32], output: 'softmax', seed: number, layers })
    const x = Float32Array.from({ length: 32 * 1500 }, (_, i) => Math.sin(i * i + number))
    const y = Array.from({ length: 1500 }, (_, row) => (row * row + number) % 3)
    const { epochs } = await model.fit({ x, y }, {
      epochs: 3,
      batchSize: 256,
      optimizer: number % 2 === 0 ? adam() : sgd({ learningRate: 0.05, momentum: 0.9 }),
      validationSplit: 0.2,
      threads: 1 + (number % 3),
    })
    const hash = createHash('sha256').update(model.toBytes())
    for (const { loss, validationLoss, metrics } of epochs) hash.update(JSON.stringify([loss, validationLoss, metrics]))
    return hash.digest('hex')
  }
`
const IMPORTS = `
  import { createHash } from 'node:crypto'
  import { adam, dense, dropout, normalize, sequential, sgd } from 'inverted-dropout/nn'
`

test('models that train at once learn the same bits as alone', async (t) => {
  const script = `${IMPORTS}${RUN}
    const alone = []
    for (const number of [0, 1, 2, 3]) alone.push(await run(number))
    const two = await Promise.all([0, 1].map(run))
    const four = await Promise.all([3, 2, 1, 0].map(run))
    console.log(JSON.stringify({ alone, two, four: four.reverse() }))
  `
  const { alone, two, four } = JSON.parse(await child(script)) as Record<string, string[]>
  t.is(new Set(alone).size, 4)
  t.deepEqual(two, alone?.slice(0, 2))
  t.deepEqual(four, alone)
})

test('8 worker threads that train at once learn the same bits as alone, and end with code 0', async (t) => {
  const script = `${IMPORTS}
    import { Worker } from 'node:worker_threads'
    ${RUN}
    const source = \`
      import { createHash } from 'node:crypto'
      import { parentPort, workerData } from 'node:worker_threads'
      import { adam, dense, dropout, normalize, sequential, sgd } from \${JSON.stringify('inverted-dropout/nn')}
      ${RUN}
      parentPort.postMessage(await run(workerData))
    \`
    const url = new URL('data:text/javascript,' + encodeURIComponent(source))
    const inWorker = (number) => new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: number })
      let hash
      worker.once('message', (message) => (hash = message))
      worker.once('error', reject)
      worker.once('exit', (code) => resolve({ code, hash }))
    })
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7]
    const together = await Promise.all(numbers.map(inWorker))
    const alone = []
    for (const number of numbers) alone.push(await run(number))
    console.log(JSON.stringify({ codes: together.map(({ code }) => code), hashes: together.map(({ hash }) => hash), alone }))
  `
  const { codes, hashes, alone } = JSON.parse(await child(script)) as Record<string, unknown[]>
  t.deepEqual(codes, Array(8).fill(0))
  t.is(new Set(alone).size, 8)
  t.deepEqual(hashes, alone)
})

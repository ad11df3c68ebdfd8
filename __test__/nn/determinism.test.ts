import test from 'ava'
import { child } from '../native/child.js'

/** Trains, with a batch large enough for the products to be shared by threads, and prints what came of it. */
const TRAINING = `
  import { createHash } from 'node:crypto'
  import { adam, dense, dropout, normalize, sequential } from 'inverted-dropout/nn'
  const layers = [normalize(), dense(256, { activation: 'gelu' }), dropout(0.5), dense(256, { activation: 'relu' }), dropout(0.2), dense(3)]
  const model = sequential({ input: [64], output: 'softmax', seed: 7n, layers })
  const x = Float32Array.from({ length: 64 * 1000 }, (_, i) => Math.sin(i * i))
  const y = Array.from({ length: 1000 }, (_, row) => row % 3)
  const { epochs } = await model.fit({ x, y }, { epochs: 2, batchSize: 256, optimizer: adam(), validationSplit: 0.2 })
  const hash = createHash('sha256').update(model.toBytes())
  for (const { loss, validationLoss, metrics } of epochs) hash.update(JSON.stringify([loss, validationLoss, metrics]))
  const { mean, samples } = await model.predictMonteCarlo(x, { passes: 40, samples: true })
  hash.update(await model.predict(x)).update(mean).update(samples)
  console.log(hash.digest('hex'))
`

test('the same seed gives the same bytes for any number of threads', async (t) => {
  const digests = []
  for (const threads of ['1', '2', '3', '1']) {
    digests.push(await child(TRAINING, { INVERTED_DROPOUT_THREADS: threads }))
  }
  t.regex(digests[0] as string, /^[0-9a-f]{64}$/)
  t.deepEqual(new Set(digests).size, 1)
})

test('the order of the rows is that of the seed', async (t) => {
  const other = await child(TRAINING.replace('seed: 7n', 'seed: 8n'))
  t.not(other, await child(TRAINING))
})

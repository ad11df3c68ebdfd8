/**
 * A training that saves a checkpoint after every step and goes on from one that is there, as a script for a process of
 * its own: says that it trains, then the hash of the trained model.
 */
export const TRAINING = `
  import { createHash } from 'node:crypto'
  import { existsSync } from 'node:fs'
  import { adam, dense, dropout, sequential } from 'inverted-dropout/nn'
  const { CHECKPOINT: path, EPOCHS: epochs } = process.env
  const layers = [dense(16, { activation: 'relu' }), dropout(0.5), dense(2)]
  const model = sequential({ input: [2], output: 'softmax', seed: 1n, layers })
  const x = Float32Array.from({ length: 2 * 512 }, (_, i) => Math.sin(i * i))
  const y = Array.from({ length: 512 }, (_, row) => (x[2 * row] > x[2 * row + 1] ? 1 : 0))
  const before = JSON.stringify(model.parameters())
  console.log('training')
  try {
    await model.fit({ x, y }, {
      epochs: Number(epochs),
      batchSize: 8,
      optimizer: adam(),
      threads: 1,
      ...(path && { checkpoint: { path, everySteps: 1 } }),
      ...(path && existsSync(path) && { resume: path }),
    })
    console.log(createHash('sha256').update(model.toBytes()).digest('hex'))
  } catch (error) {
    const finite = Object.values(model.parameters()).every(({ values }) => values.every(Number.isFinite))
    const learnt = JSON.stringify(model.parameters()) !== before
    console.log(JSON.stringify({ code: error.code, message: error.message, finite, learnt }))
  }
`

/** Batches of an epoch of {@link TRAINING}. */
export const BATCHES = 64

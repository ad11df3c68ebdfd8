/**
 * How the time of a training step grows: everything that can be doubled is doubled, one thing at a time.
 *
 *     npm run growth -- [--threads 1]
 */
import { parseArgs } from 'node:util'
import { median } from './measure.js'

const { values } = parseArgs({ options: { threads: { type: 'string', default: '1' } } })
process.env['INVERTED_DROPOUT_THREADS'] = values.threads
const { conv2d, dense, dropout, flatten, lstm, sequential, sgd, transformerBlock } = await import(
  '../dist/nn/index.js'
)
type Layers = Parameters<typeof sequential>[0]['layers']

/** Rounds over all sizes, so that what else the machine does meets them all. */
const ROUNDS = 5
const STEPS = 12

interface Growth {
  readonly name: string
  readonly sizes: readonly number[]
  readonly model: (size: number) => { batch: number; input: number[]; layers: Layers }
}

const hidden = (units: number) => [dense(units, { activation: 'relu' }), dropout(0.5)]
const sequence = { rate: 0.2, mask: 'sequence' } as const

const growths: Growth[] = [
  {
    name: 'batch of 512-512-512-10',
    sizes: [64, 128, 256, 512],
    model: (batch) => ({ batch, input: [512], layers: [...hidden(512), ...hidden(512), dense(10)] }),
  },
  {
    name: 'hidden layers of 512, batch 128',
    sizes: [2, 4, 8, 16],
    model: (count) => ({
      batch: 128,
      input: [512],
      layers: [...Array.from({ length: count }, () => hidden(512)).flat(), dense(10)],
    }),
  },
  {
    name: 'batch of two convolutions on 28 x 28',
    sizes: [16, 32, 64, 128],
    model: (batch) => ({
      batch,
      input: [28, 28, 1],
      layers: [
        conv2d(16, 3, { activation: 'relu' }),
        conv2d(32, 3, { activation: 'relu' }),
        flatten(),
        dense(10),
      ],
    }),
  },
  {
    name: 'steps of an LSTM 64 -> 128, batch 32',
    sizes: [16, 32, 64, 128],
    model: (steps) => ({
      batch: 32,
      input: [steps, 64],
      layers: [lstm(128, { returnSequences: false, inputDropout: sequence }), dense(10)],
    }),
  },
  {
    name: 'batch of a transformer block, 64 steps of 128',
    sizes: [4, 8, 16, 32],
    model: (batch) => ({
      batch,
      input: [64, 128],
      layers: [transformerBlock(4, 512, { dropout: 0.1 }), flatten(), dense(10)],
    }),
  },
]

for (const { name, sizes, model } of growths) {
  const runs = sizes.map((size) => prepare(model(size)))
  const seconds: number[][] = sizes.map(() => [])
  for (const run of runs) await run()
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, run] of runs.entries()) seconds[index]!.push(await run())
  const medians = seconds.map(median)
  const cells = medians.map((value, index) => {
    const ratio = index === 0 ? '' : ` (${(value / medians[index - 1]!).toFixed(2)}x)`
    return `${sizes[index]}: ${(value * 1e3).toPrecision(3)}${ratio}`
  })
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}

/** Trains for some steps; gives the seconds of one. */
function prepare({ batch, input, layers }: ReturnType<Growth['model']>): () => Promise<number> {
  const model = sequential({ input, output: 'softmax', seed: 7n, layers })
  const rows = batch * STEPS
  const width = input.reduce((product, extent) => product * extent, 1)
  const x = Float32Array.from({ length: rows * width }, Math.random)
  const y = Int32Array.from({ length: rows }, (_, row) => row % 10)
  const options = {
    loss: 'crossEntropy',
    optimizer: sgd({ learningRate: 0.001, momentum: 0.9 }),
    epochs: 1,
    batchSize: batch,
    metrics: [],
  } as const
  return async () => {
    const began = performance.now()
    await model.fit({ x, y }, options)
    return (performance.now() - began) / 1e3 / STEPS
  }
}

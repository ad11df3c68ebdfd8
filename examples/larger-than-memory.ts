/** Trains on a file that is read line by line, so that it may be larger than memory, and shows how it goes. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { finished } from 'node:stream/promises'
import {
  adam,
  type Batch,
  dense,
  dropout,
  normalize,
  sequential,
  terminalReporter,
} from 'inverted-dropout/nn'

const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
const file = join(folder, 'houses.csv')
const batchSize = 64
const trainingRows = 4000

// Houses: their area, their age and what they cost. Real files come from elsewhere.
const houses = createWriteStream(file)
houses.write('area,age,price\n')
for (let i = 0; i < trainingRows + 500; i++) {
  const [area, age] = [40 + ((i * 37) % 160), (i * 61) % 90]
  const noise = 10 * Math.sin(i * 12.9898)
  houses.write(`${area},${age},${3 * area - age + 50 + noise}\n`)
}
houses.end()
await finished(houses)

/** The batches of some rows of the file, without the first `skip` ones; one batch is in memory at a time. */
async function* batches(from: number, to: number, skip: number): AsyncGenerator<Batch> {
  const lines = createInterface({ input: createReadStream(file) })
  try {
    const [first, last] = [from + skip * batchSize, to]
    let row = -1 // the first line has the names
    let [x, y]: [number[][], number[]] = [[], []]
    for await (const line of lines) {
      if (row >= first && row < last) {
        const [area, age, price] = line.split(',').map(Number)
        x.push([area!, age!])
        y.push(price! / 100)
      }
      row++
      if (x.length === batchSize || (x.length > 0 && row === last)) {
        yield { x, y }
        ;[x, y] = [[], []]
      }
      if (row >= last) break
    }
  } finally {
    // Also where the training stops in mid-epoch.
    lines.close()
  }
}

const model = sequential({
  input: [2],
  output: 'identity',
  seed: 1n,
  layers: [normalize(), dense(64, { activation: 'relu' }), dropout(0.05), dense(1)],
})
const history = await model.fit((_epoch, skip) => batches(0, trainingRows, skip), {
  epochs: 10,
  optimizer: adam({ learningRate: 1e-2 }),
  validation: () => batches(trainingRows, trainingRows + 500, 0),
  metrics: ['rootMeanSquaredError'],
  reporter: terminalReporter(),
})

const { validationMetrics } = history.epochs.at(-1)!
console.log(`${history.steps} batches of ${file.split('/').at(-1)}`)
console.log('error of a price:', (100 * validationMetrics!.rootMeanSquaredError!).toFixed(1), 'thousand')
console.log(
  '100 square metres, 20 years:',
  (100 * model.predictSync([[100, 20]])[0]!).toFixed(0),
  'thousand, in truth 330',
)
rmSync(folder, { recursive: true })

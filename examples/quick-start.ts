/** Ten lines: a network that learns a curve, and says how sure it is where it has never been. */
import { adam, dense, dropout, sequential } from 'inverted-dropout/nn'

const x = Array.from({ length: 200 }, (_, i) => [i / 100 - 1]) // y = sin 3x, known on [-1, 1] only
const y = Float32Array.from(x, ([value]) => Math.sin(3 * value!))
const relu = { activation: 'relu' } as const
const layers = [dense(128, relu), dropout(0.1), dense(128, relu), dropout(0.1), dense(1)]
const model = sequential({ input: [1], output: 'identity', seed: 1n, layers })
await model.fit({ x, y }, { epochs: 200, optimizer: adam({ learningRate: 3e-3 }) })
const { mean, variance } = await model.predictMonteCarlo([[0], [0.5], [3]], { passes: 200 })
mean.forEach((value, row) => {
  console.log(`${value.toFixed(2)} ± ${Math.sqrt(variance[row]!).toFixed(2)}`)
})

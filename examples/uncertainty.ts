/** Monte Carlo dropout for a regression that is asked outside of what it was taught. */
import { adam, dense, dropout, sequential } from 'inverted-dropout/nn'

// y = sin(3x), known on [-1, 1] only.
const x = Array.from({ length: 400 }, (_, i) => [-1 + (2 * i) / 399])
const y = Float32Array.from(x, ([value]) => Math.sin(3 * value!))

const hidden = [
  dense(128, { activation: 'tanh' }),
  dropout(0.1),
  dense(128, { activation: 'relu' }),
  dropout(0.1),
]
const model = sequential({ input: [1], output: 'identity', seed: 3n, layers: [...hidden, dense(1)] })
await model.fit({ x, y }, { epochs: 200, optimizer: adam({ learningRate: 3e-3 }) })

const places = [0, 0.5, 1, 2, 3]
const prediction = await model.predictMonteCarlo(
  places.map((place) => [place]),
  { passes: 300 },
)
for (const [row, place] of places.entries()) {
  const mean = prediction.mean[row]!.toFixed(2).padStart(5)
  const deviation = Math.sqrt(prediction.variance[row]!)
  const known = place <= 1 ? `truth ${Math.sin(3 * place).toFixed(2)}` : 'never seen'
  console.log(
    `x = ${place.toFixed(1)}: ${mean} ± ${deviation.toFixed(2)}  ${'▒'.repeat(deviation * 40)} ${known}`,
  )
}

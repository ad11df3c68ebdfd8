/** Trains a small network and asks it about three points: one it knows well, one on the border, one far away. */
import { dense, dropout, sequential } from 'inverted-dropout/nn'

// Which points of the square [-1, 1] x [-1, 1] lie inside the circle of radius 0.7?
const x = Array.from({ length: 500 }, (_, i) => [((i * 0.7549) % 2) - 1, ((i * 0.5698) % 2) - 1] as const)
const y = x.map(([a, b]) => (Math.hypot(a, b) < 0.7 ? 1 : 0))

const hidden = [
  dense(64, { activation: 'relu' }),
  dropout(0.2),
  dense(64, { activation: 'relu' }),
  dropout(0.2),
]
const model = sequential({ input: [2], output: 'sigmoid', seed: 1n, layers: [...hidden, dense(1)] })
await model.fit({ x, y }, { epochs: 60 })

const points = { centre: [0, 0], border: [0.5, 0.5], corner: [1, 1] }
const { mean, variance } = await model.predictMonteCarlo(Object.values(points), { passes: 100 })
for (const [index, name] of Object.keys(points).entries()) {
  console.log(
    `${name}: inside with probability ${mean[index]!.toFixed(2)} ± ${Math.sqrt(variance[index]!).toFixed(2)}`,
  )
}

const { DropoutError, dropout } = require('inverted-dropout')
const nn = require('inverted-dropout/nn')
const { version } = require('inverted-dropout/package.json')
const uncertainty = require('inverted-dropout/uncertainty')

const y = dropout(new Float32Array(8).fill(1), { rate: 0.5, seed: 7n })
let code
try {
  dropout(y, { rate: 2, seed: 7n })
} catch (error) {
  code = error instanceof DropoutError ? error.code : error
}
async function train() {
  const model = nn.sequential({ input: [1], output: 'identity', seed: 1n, layers: [nn.dense(1)] })
  const { epochs } = await model.fit({ x: [[1], [2]], y: [1, 2] }, { epochs: 1 })
  return { epochs: epochs.length, predicted: (await model.predict([[1], [2]])).length }
}

const accuracy = uncertainty.accuracy([0, 1], [0.9, 0.8])
train().then((trained) => console.log(JSON.stringify({ y: [...y], code, version, trained, accuracy })))

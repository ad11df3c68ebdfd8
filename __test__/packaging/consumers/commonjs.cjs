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
console.log(JSON.stringify({ y: [...y], code, version, rooms: [typeof nn, typeof uncertainty] }))

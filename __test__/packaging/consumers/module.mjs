import { DropoutError, dropout } from 'inverted-dropout'
import * as nn from 'inverted-dropout/nn'
import manifest from 'inverted-dropout/package.json' with { type: 'json' }
import * as uncertainty from 'inverted-dropout/uncertainty'

const y = dropout(new Float32Array(8).fill(1), { rate: 0.5, seed: 7n })
let code
try {
  dropout(y, { rate: 2, seed: 7n })
} catch (error) {
  code = error instanceof DropoutError ? error.code : error
}
console.log(
  JSON.stringify({
    y: [...y],
    code,
    version: manifest.version,
    rooms: [typeof nn, typeof uncertainty],
  }),
)

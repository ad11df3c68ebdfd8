import {
  type DropoutOptions,
  dropout,
  type ErrorCode,
  Mask,
  type MaskJSON,
  MaskStream,
} from 'inverted-dropout'
import type {} from 'inverted-dropout/nn'
import type {} from 'inverted-dropout/uncertainty'

const options: DropoutOptions<Float32Array> = {
  rate: 0.5,
  seed: '7',
  shape: [2, 2],
  ids: Uint32Array.of(1, 2),
}
const single: Float32Array = dropout(new Float32Array(4), options)
const double: Float64Array = dropout(new Float64Array(4), { rate: 0.5, seed: 7, scaling: 'standard' })
const written: MaskJSON = new MaskStream().mask({ rate: 0.5 }).toJSON()
const bits: Uint8Array = Mask.from(written).bits(100)
const code: ErrorCode = 'ERR_RATE'

// @ts-expect-error: a word that does not exist
dropout(single, { rate: 0.5, seed: 7, scaling: 'other' })
// @ts-expect-error: an output of another type
dropout(single, { rate: 0.5, seed: 7, out: double })
// @ts-expect-error: a mask is read only
Mask.from(written).rate = 1

export { bits, code }

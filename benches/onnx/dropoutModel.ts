import { float, integer, message, text } from './protobuf.js'

/** Element types and attribute types, as onnx.proto numbers them. */
const FLOAT = 1
const BOOL = 9
const ATTRIBUTE_INT = 2

/**
 * An ONNX model of one node, `Dropout` (operator set 13) in training mode: `y = dropout(x)` for a vector. Field numbers
 * are those of onnx.proto (IR version 8).
 */
export function dropoutModel({
  elements,
  rate,
  seed,
}: {
  elements: number
  rate: number
  seed: number
}): Uint8Array {
  const attribute = message(5, text(1, 'seed'), integer(3, seed), integer(20, ATTRIBUTE_INT))
  const node = message(
    1,
    text(1, 'x'),
    text(1, 'ratio'),
    text(1, 'training'),
    text(2, 'y'),
    text(4, 'Dropout'),
    attribute,
  )
  const ratio = message(5, integer(2, FLOAT), message(4, packedFloat(rate)), text(8, 'ratio'))
  const training = message(5, integer(2, BOOL), message(5, [1]), text(8, 'training'))
  const graph = message(
    7,
    node,
    text(2, 'dropout'),
    ratio,
    training,
    vector(11, 'x', elements),
    vector(12, 'y', elements),
  )
  const operatorSet = message(8, integer(2, 13))
  return Uint8Array.from([...integer(1, 8), ...graph, ...operatorSet])
}

/** `float_data` is packed: the four bytes of the float without a field tag of their own. */
function packedFloat(value: number): number[] {
  return float(0, value).slice(1)
}

/** A value of type `tensor(float)` and shape `[elements]`. */
function vector(field: number, name: string, elements: number): number[] {
  const shape = message(2, message(1, integer(1, elements)))
  return message(field, text(1, name), message(2, message(1, integer(1, FLOAT), shape)))
}

import { types } from 'node:util'
import { argumentError } from '../errors.js'
import type { NativeParameter, NewParameter } from '../native/binding.js'
import { checkMemory } from '../validate/array.js'
import { checkFields } from './check.js'

/** A trained tensor. */
export interface Parameter {
  /** Its extents: `[units, inputs]` for the weights of a dense layer, `[units]` for its biases. */
  readonly shape: readonly number[]
  /** Its elements, row-major. */
  readonly values: Float32Array
}

/** The trained tensors by name, `layers.0.weight` for instance, in the order of the layers. */
export type Parameters = Readonly<Record<string, Parameter>>

/** New values of trained tensors by name. */
export type NewParameters = Readonly<Record<string, Float32Array | Pick<Parameter, 'values'>>>

/** The core's list of tensors, by name. */
export function byName(list: readonly NativeParameter[]): Parameters {
  return Object.fromEntries(list.map(({ name, shape, values }) => [name, { shape, values }]))
}

/** Checks tensors by name; whether names and lengths are those of the model is for the core to say. */
export function checkParameters(value: unknown, argument: string): NewParameter[] {
  if (typeof value !== 'object' || value === null) {
    throw argumentError('ERR_TYPE', argument, value, 'an object of tensors by name')
  }
  return Object.entries(value).map(([name, tensor]: [string, unknown]) => {
    return { name, values: checkValues(tensor, `${argument}[${JSON.stringify(name)}]`) }
  })
}

function checkValues(tensor: unknown, argument: string): Float32Array {
  if (types.isFloat32Array(tensor)) {
    checkMemory(tensor, argument)
    return tensor
  }
  if (Array.isArray(tensor) || ArrayBuffer.isView(tensor)) {
    throw argumentError('ERR_TYPE', argument, tensor, 'a Float32Array, or an object with one as `values`')
  }
  const { values } = checkFields<Parameter>(tensor, argument, ['shape', 'values'])
  if (types.isFloat32Array(values)) return checkValues(values, `${argument}.values`)
  throw argumentError('ERR_TYPE', `${argument}.values`, values, 'a Float32Array')
}

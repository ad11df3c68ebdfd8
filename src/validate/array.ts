import { types } from 'node:util'
import { argumentError, mismatch } from '../errors.js'

/** The element types of the kernels. */
export type Floats = Float32Array | Float64Array

/** A `Float32Array` or `Float64Array`, of any realm, whose memory is there and is nobody else's. */
export function checkFloats<T extends Floats>(value: unknown, argument: string): T {
  if (!types.isFloat32Array(value) && !types.isFloat64Array(value)) {
    throw argumentError('ERR_TYPE', argument, value, 'a Float32Array or a Float64Array')
  }
  checkMemory(value, argument)
  return value as T
}

/** Refuses memory that another thread may write to, and memory that was transferred away. */
export function checkMemory(view: ArrayBufferView & { readonly length: number }, argument: string): void {
  const { buffer } = view
  if (types.isSharedArrayBuffer(buffer)) {
    throw mismatch('ERR_SHARED', argument, 'a view of a SharedArrayBuffer', 'memory of one thread: copy it')
  }
  // A detached array has length 0, as an empty one has.
  if (view.length === 0 && isDetached(buffer)) {
    throw mismatch('ERR_DETACHED', argument, 'a view of a detached ArrayBuffer', 'memory that is still here')
  }
}

function isDetached(buffer: ArrayBuffer): boolean {
  // `ArrayBuffer.prototype.detached` is newer than Node 20.
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

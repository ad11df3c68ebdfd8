/**
 * The part of the protocol buffer wire format that a small ONNX model needs: varints, 32-bit floats and
 * length-delimited fields. Source: the encoding page of the Protocol Buffers documentation.
 */

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** A field holding a non-negative integer, an enum or a boolean. */
export function integer(field: number, value: number): number[] {
  return [...varint((field << 3) | VARINT), ...varint(value)]
}

/** A field holding a 32-bit float. */
export function float(field: number, value: number): number[] {
  return [...varint((field << 3) | FIXED32), ...new Uint8Array(Float32Array.of(value).buffer)]
}

/** A field holding text. */
export function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)])
}

/** A field holding another message (or packed bytes), given as its encoded fields. */
export function message(field: number, ...parts: readonly number[][]): number[] {
  const bytes = parts.flat()
  return [...varint((field << 3) | LENGTH_DELIMITED), ...varint(bytes.length), ...bytes]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, rest]
}

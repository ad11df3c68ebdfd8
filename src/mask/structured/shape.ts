import { mismatch } from '../../errors.js'
import { checkList } from '../../validate/list.js'
import { checkInteger, MAX_WORD } from '../../validate/number.js'

/**
 * A shape with the rows first.
 *
 * @param ranks - how many axes it may have: the least and the most.
 */
export function checkShape(value: unknown, argument: string, [least, most]: [number, number]): number[] {
  const axes = least === most ? `${least} sizes` : `${least} to ${most} sizes`
  const allowed = `${axes}, the rows first`
  const sizes = Array.from(checkList<unknown>(value, argument, `an array of ${allowed}`))
  if (sizes.length < least || sizes.length > most) {
    throw mismatch('ERR_SHAPE', argument, `${sizes.length} sizes`, allowed)
  }
  const shape = sizes.map((size, axis) => checkInteger(size, `${argument}[${axis}]`, 0, MAX_WORD))
  const elements = product(shape)
  if (elements > Number.MAX_SAFE_INTEGER) {
    throw mismatch('ERR_RANGE', argument, `${elements} elements`, 'at most 2^53 elements')
  }
  return shape
}

/** The product of sizes. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1)
}

/** Where the channels stand; the letters are the axes from the outermost in. */
export type Layout = 'NCL' | 'NLC' | 'NCHW' | 'NHWC' | 'NCDHW' | 'NDHWC'

/** The layouts there are. */
export const LAYOUTS = ['NCL', 'NLC', 'NCHW', 'NHWC', 'NCDHW', 'NDHWC'] as const

/** A map: rows, channels and positions. */
export interface MapShape {
  readonly channels: number
  readonly positions: readonly number[]
  readonly channelsFirst: boolean
}

/** What the axes of a shape mean in a layout. The shape must have as many axes as the layout has letters. */
export function mapShape(shape: readonly number[], layout: Layout): MapShape {
  if (shape.length !== layout.length) {
    const allowed = `the ${layout.length} axes of \`layout\` '${layout}'`
    throw mismatch('ERR_SHAPE', 'shape', `[${shape.join(', ')}]`, allowed)
  }
  const channelsFirst = layout[1] === 'C'
  const inner = shape.slice(1)
  const channels = (channelsFirst ? inner.shift() : inner.pop()) as number
  return { channels, positions: inner, channelsFirst }
}

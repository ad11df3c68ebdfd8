import { MaskStream } from 'inverted-dropout'
import type { Model } from 'inverted-dropout/nn'
import type { Characters } from './characters.js'

/**
 * A text that a model makes up: it begins with `start`, and each further character is drawn from what the model predicts
 * after the last `steps` ones.
 */
export function sample(
  model: Model,
  characters: Characters,
  { start, length, steps, seed }: { start: string; length: number; steps: number; seed: number },
): string {
  const text = [...characters.encode(start)]
  const random = uniform(seed)
  while (text.length < length) {
    const seen = text.slice(-steps)
    const x = new Float32Array(steps)
    x.set(seen)
    const probabilities = model.predictSync(x, { lengths: [seen.length] })
    const last = (seen.length - 1) * characters.count
    text.push(draw(probabilities.subarray(last, last + characters.count), random()))
  }
  return characters.decode(text)
}

/** The first index up to which the probabilities sum to more than `place`, a number in `[0, 1)`. */
function draw(probabilities: Float32Array, place: number): number {
  let sum = 0
  for (const [index, probability] of probabilities.entries()) {
    sum += probability
    if (place < sum) return index
  }
  // Rounding may leave the sum a little below 1.
  return probabilities.length - 1
}

/** Numbers in `[0, 1)` of 32 random bits each, the same for a seed on every machine. */
function uniform(seed: number): () => number {
  const stream = new MaskStream({ seed })
  return () => {
    const bits = stream.mask({ rate: 0.5 }).bits(32)
    return new DataView(bits.buffer, bits.byteOffset, 4).getUint32(0, true) / 2 ** 32
  }
}

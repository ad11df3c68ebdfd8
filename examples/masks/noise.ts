import { alphaDropout, concreteDropout, gaussianDropout, zoneout } from 'inverted-dropout'
import { cells, type Picture, type Tile } from './tile.js'

const SAMPLES = 500
const WIDTH = 48
const SIZE = WIDTH * WIDTH
const RATE = 0.25
const shape = [SAMPLES, SIZE]
const common = { rate: RATE, seed: 7n, shape }
const ones = new Float32Array(SAMPLES * SIZE).fill(1)

const matrix = (shade: (element: number) => number): Picture =>
  cells(WIDTH, WIDTH, (x, y) => shade(y * WIDTH + x))

const share = (values: Float32Array, drops: (value: number) => boolean): number =>
  values.reduce((count, value) => count + Number(drops(value)), 0) / values.length

/** A tile of values of which some drop; the picture shows the first sample. */
function tile(
  [name, note, quantity]: readonly [string, string, string | undefined],
  values: Float32Array,
  shade: (value: number) => number,
  drops: (value: number) => boolean,
): Tile {
  const first = values.subarray(0, SIZE)
  const { svg } = matrix((i) => shade(first[i] as number))
  return { name, note, quantity, asked: RATE, here: share(first, drops), mean: share(values, drops), svg }
}

/** Noise other than dropping to zero. */
export const noises = (): Tile[] => {
  const gates = concreteDropout(ones, common).map((factor) => factor * (1 - RATE))
  // Kept is a + b and dropped is a α' + b, which is the lower one.
  const alpha = alphaDropout(ones, common)
  const low = alpha.reduce((least, value) => Math.min(least, value), Infinity)
  const states = zoneout(new Float32Array(ones.length), ones, common)
  return [
    gaussian(),
    tile(
      ['alphaDropout', "to SELU's limit (Klambauer 2017)", undefined],
      alpha,
      kept,
      (value) => value === low,
    ),
    tile(
      ['concreteDropout', 'relaxed gates (Gal 2017)', 'below 1/2'],
      gates,
      (gate) => gate,
      (gate) => gate < 0.5,
    ),
    tile(
      ['zoneout', 'light: previous (Krueger 2017)', 'kept back'],
      states,
      (state) => state,
      (state) => state === 0,
    ),
  ]

  function kept(value: number): number {
    return value === low ? 0 : 1
  }
}

function gaussian(): Tile {
  const factors = gaussianDropout(ones, common)
  const variance = (values: Float32Array): number => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  }
  const first = factors.subarray(0, SIZE)
  const [name, note] = ['gaussianDropout', 'factors 0 to 2 (Srivastava 2014)']
  const { svg } = matrix((i) => (first[i] as number) / 2)
  const asked = RATE / (1 - RATE)
  return { name, note, quantity: 'variance', asked, here: variance(first), mean: variance(factors), svg }
}

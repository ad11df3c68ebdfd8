import { native } from '../native/load.js'
import type { Floats } from '../validate/array.js'
import { checkInteger, MAX_WORD } from '../validate/number.js'
import { checkOptions } from '../validate/options.js'
import { checkLike, checkNoise, guarded, NOISE_OPTIONS, type NoiseOptions, outputFor } from './noise.js'

/** The options of {@link zoneout}. */
export interface ZoneoutOptions<T extends Floats = Floats> extends NoiseOptions<T> {
  /**
   * The time step t, in `[0, 2^32)`: feature i of a row has lane `t * features + i`, so that every time step draws its own
   * mask. Leave it alone for one mask for the whole sequence.
   *
   * @default 0
   */
  time?: number | undefined
}

/** Both gradients of {@link zoneoutBackward}. */
export interface ZoneoutGradient<T extends Floats> {
  /** The gradient by the previous state. */
  readonly dPrevious: T
  /** The gradient by the candidate. */
  readonly dCandidate: T
}

/** The options of {@link zoneoutBackward}. */
export interface ZoneoutBackwardOptions<T extends Floats = Floats> extends Omit<ZoneoutOptions<T>, 'out'> {
  /**
   * Where the gradients go: two arrays of the type and length of `dh` that overlap neither it nor each other.
   *
   * @default new arrays
   */
  out?: ZoneoutGradient<T> | undefined
}

const KNOWN = new Set([...NOISE_OPTIONS, 'time'])
const GRADIENTS = new Set(['dPrevious', 'dCandidate'])

/**
 * Zoneout: with probability `rate` a unit keeps its previous value, else it takes the candidate's; nothing is scaled
 * (Krueger et al. 2017, section 3). In inference `h = rate * previous + (1 - rate) * candidate`, which is the
 * expected value.
 *
 * It is a select: NaN and infinities of what is not taken do not leak. `rate: 0` is the candidate and `rate: 1` the
 * previous state, bit for bit. O(n) time and no memory; large arrays use several threads.
 *
 * @param previous - the state of the time step before, a `Float32Array` or `Float64Array`.
 * @param candidate - the state that this time step computed, as long as `previous` and of its type.
 * @returns `options.out`, or a new array. `out` may be one of the inputs.
 * @throws {DropoutError} `ERR_RATE`, `ERR_RANGE`, `ERR_TYPE`, `ERR_SHAPE`, `ERR_OVERLAP`, `ERR_DETACHED`,
 * `ERR_SHARED`, `ERR_OPTION`: see `docs/errors.md`.
 * @example
 * for (let time = 0; time < steps; time++) {
 *   h = zoneout(h, cell(x[time], h), { rate: 0.1, seed: 7n, shape: [batch, features], ids, time })
 * }
 */
export function zoneout<T extends Floats>(previous: T, candidate: T, options: ZoneoutOptions<T>): T {
  const { training, place } = checkNoise(previous, options, KNOWN, 'previous')
  const time = checkTime(options)
  checkLike(candidate, 'candidate', previous, 'previous')
  const out = outputFor(options.out, previous)
  guarded(() => native.zoneout(previous, candidate, out, training, time, ...place))
  return out
}

/**
 * The gradients of {@link zoneout}: that of the output goes to the previous state where it was kept and to the candidate
 * elsewhere, +0 to the other; in inference the shares are `rate` and `1 - rate`. The mask is computed again from the
 * options, which must be those of the forward call; nothing was stored.
 *
 * @param dh - the gradient of the loss by the output of {@link zoneout}.
 * @throws {DropoutError} as {@link zoneout}.
 * @example
 * const { dPrevious, dCandidate } = zoneoutBackward(dh, { rate: 0.1, seed: 7n, time })
 */
export function zoneoutBackward<T extends Floats>(
  dh: T,
  options: ZoneoutBackwardOptions<T>,
): ZoneoutGradient<T> {
  const { training, place } = checkNoise(dh, options, KNOWN, 'dh')
  const time = checkTime(options)
  if (options.out !== undefined) checkOptions(options.out, GRADIENTS, 'out')
  const dPrevious = options.out
    ? checkGradient(options.out.dPrevious, 'out.dPrevious', dh)
    : outputFor(undefined, dh)
  const dCandidate = options.out
    ? checkGradient(options.out.dCandidate, 'out.dCandidate', dh)
    : outputFor(undefined, dh)
  guarded(() => native.zoneoutBackward(dh, dPrevious, dCandidate, training, time, ...place))
  return { dPrevious, dCandidate }
}

function checkGradient<T extends Floats>(value: unknown, argument: string, dh: T): T {
  return checkLike(value, argument, dh, 'dh')
}

function checkTime({ time }: { time?: number | undefined }): number {
  return checkInteger(time, 'time', 0, MAX_WORD, 0)
}

/** Every code that a {@link DropoutError} can carry, in alphabetical order. */
export const ERROR_CODES = [
  'ERR_ABORTED',
  'ERR_CONFIG',
  'ERR_CORRUPT',
  'ERR_DETACHED',
  'ERR_DIVERGED',
  'ERR_EMPTY',
  'ERR_INTERNAL',
  'ERR_IO',
  'ERR_ISA',
  'ERR_LABEL',
  'ERR_MODEL_BUSY',
  'ERR_MODEL_DISPOSED',
  'ERR_NATIVE_MISSING',
  'ERR_NOT_A_MODEL',
  'ERR_NOT_FINITE',
  'ERR_OPTION',
  'ERR_OVERLAP',
  'ERR_RANGE',
  'ERR_RATE',
  'ERR_RESUME',
  'ERR_SHAPE',
  'ERR_SHARED',
  'ERR_SOURCE',
  'ERR_THREADS',
  'ERR_TRUNCATED',
  'ERR_TYPE',
  'ERR_VERSION',
] as const

/** A stable identifier of a kind of failure. Messages may be reworded, codes stay. See `docs/errors.md`. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * Any failure of this library.
 *
 * @example
 * try {
 *   dropout(x, { rate: 2, seed: 7 })
 * } catch (error) {
 *   if (error instanceof DropoutError && error.code === 'ERR_RATE') console.error(error.message)
 * }
 */
export class DropoutError extends Error {
  /** What kind of failure it is. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  override get name(): string {
    return 'DropoutError'
  }
}

/**
 * Training, Monte Carlo passes or a self-test were stopped through their `AbortSignal`. The model keeps what it learnt.
 *
 * @typeParam History - what was recorded of the epochs that ended; undefined for all but training.
 */
export class AbortError<History = unknown> extends DropoutError {
  /** What was recorded until the stop. */
  readonly history: History

  constructor(message: string, history: History, options?: ErrorOptions) {
    super('ERR_ABORTED', message, options)
    this.history = history
  }

  override get name(): string {
    return 'AbortError'
  }
}

/** An argument that cannot be accepted: `argument` must be `allowed`; got `got`. */
export function argumentError(
  code: ErrorCode,
  argument: string,
  got: unknown,
  allowed: string,
): DropoutError {
  return mismatch(code, argument, describe(got), allowed)
}

/** An argument error that says in words what it got: a length, a shape. */
export function mismatch(code: ErrorCode, argument: string, got: string, allowed: string): DropoutError {
  return new DropoutError(code, `\`${argument}\` must be ${allowed}; got ${got}`)
}

/** A short text for any value, safe to put into a message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return describeObject(value)
    default:
      return String(value)
  }
}

function describeObject(value: object | null): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (ArrayBuffer.isView(value)) return withArticle(value.constructor.name)
  return `an object of class ${value.constructor?.name ?? 'null'}`
}

function withArticle(name: string): string {
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`
}

/** What the native addon threw, as an error of this library. */
export function fromNative(error: unknown): DropoutError {
  if (error instanceof DropoutError) return error
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (isErrorCode(code)) return new DropoutError(code, String(message))
  return new DropoutError('ERR_INTERNAL', String(message ?? error), { cause: error })
}

function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code)
}

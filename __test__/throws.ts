import type { ExecutionContext } from 'ava'
import { DropoutError, type ErrorCode } from '../src/index.js'

/** Asserts that `work` throws an error of this library with the code, whose message holds the text. */
export function throwsCode(t: ExecutionContext, work: () => unknown, code: ErrorCode, text: string): void {
  const error = t.throws(work, { instanceOf: DropoutError })
  t.is(error?.code, code)
  t.true(error?.message.includes(text), `${error?.message} should say ${text}`)
}

/** Asserts that `work` returns a promise that rejects so; a synchronous throw fails. */
export async function rejectsCode(
  t: ExecutionContext,
  work: () => Promise<unknown>,
  code: ErrorCode,
  text: string,
): Promise<void> {
  const error = await t.throwsAsync(work(), { instanceOf: DropoutError })
  t.is(error?.code, code)
  t.true(error?.message.includes(text), `${error?.message} should say ${text}`)
}

/** A value that the types forbid, to see what happens to callers without them. */
// biome-ignore lint/suspicious/noExplicitAny: what it is for
export const untyped = (value: unknown): any => value

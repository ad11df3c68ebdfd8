/** Where text goes: the part of a Node stream that reports need. */
export interface Output {
  write(text: string): unknown
  /** Whether a person watches. */
  readonly isTTY?: boolean | undefined
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined
}

/** Variables of the process, read for `NO_COLOR`, `FORCE_COLOR` and `TERM`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Whether a terminal shows the stream that knows colours and can redraw a line: any but those called dumb. */
export function isTerminal(output: Output, environment: Environment): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb'
}

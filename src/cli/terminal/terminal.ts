import type { Host, Output } from '../host.js'

/** Whether a terminal shows the stream that knows colours and can redraw a line: any but those called dumb. */
export function isTerminal(output: Output, environment: Host['environment']): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb'
}

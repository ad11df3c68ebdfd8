import type { Environment, Output } from '../terminal/output.js'

/** What a command may touch of the process around it, so that tests can stand in for it. */
export interface Host {
  /** Results, and nothing else. */
  readonly stdout: Output
  /** Progress, warnings, errors. */
  readonly stderr: Output
  /** Read for `NO_COLOR`, `FORCE_COLOR` and `TERM`. */
  readonly environment: Environment
  /** Calls `listener` at each Ctrl-C until the returned function is called. */
  onInterrupt(listener: () => void): () => void
}

/** The running process. */
export const processHost: Host = {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  onInterrupt(listener) {
    process.on('SIGINT', listener)
    return () => process.off('SIGINT', listener)
  },
}

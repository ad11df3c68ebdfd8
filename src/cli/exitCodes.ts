/** How the command line ends; part of its contract, in `--help` and docs/cli.md. */
export const EXIT = {
  /** The command did what was asked. */
  success: 0,
  /** It failed: bad data, a file that cannot be read, a loss that diverged, a test that did not pass. */
  failure: 1,
  /** The command or an option does not exist or has a value that is not allowed; nothing was done. */
  usage: 2,
  /** Stopped by Ctrl-C: 128 + SIGINT, as shells expect. */
  interrupted: 130,
} as const

/** A number from {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

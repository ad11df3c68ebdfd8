import { Command, CommanderError } from 'commander'
import { AbortError, DropoutError } from '../errors.js'
import { type AddCommand, commands } from './commands/index.js'
import { EXIT, type ExitCode } from './exitCodes.js'
import { Failure } from './failure.js'
import type { Host } from './host.js'
import { colorsFor } from './terminal/colors.js'
import { packageVersion } from './version.js'

const FOOTER = `
Examples:
  $ npx inverted-dropout demo                    train on real data, with and without dropout
  $ npx inverted-dropout demo --seed 7 --json    the same as JSON, for another split
  $ npx inverted-dropout selftest                test the random masks statistically

Results go to standard output; progress and errors go to standard error.

Exit codes:
  0    done
  1    failed: bad data, an unreadable file, a diverged loss, a failed test
  2    no such command or option, or a value that is not allowed
  130  stopped by Ctrl-C

Environment:
  NO_COLOR                  no colours
  FORCE_COLOR               colours even where no terminal is seen
  INVERTED_DROPOUT_THREADS  how many threads to use; results do not depend on it
  INVERTED_DROPOUT_ISA      the instruction set to use: portable, avx2, avx512 or neon
`

/** Runs the command line on `args` (without the program's own name) and returns how it ended; never rejects. */
export async function run(
  args: readonly string[],
  host: Host,
  available: readonly AddCommand[] = commands,
): Promise<ExitCode> {
  try {
    await createProgram(host, available).parseAsync(args, { from: 'user' })
    return EXIT.success
  } catch (error) {
    return report(error, host)
  }
}

function createProgram(host: Host, available: readonly AddCommand[]): Command {
  const program = new Command('inverted-dropout')
    .description('Dropout, and networks that say how sure they are.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', FOOTER)
    .showHelpAfterError('(add --help for what is allowed)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => host.stdout.columns ?? 80,
      getErrHelpWidth: () => host.stderr.columns ?? 80,
    })
  for (const add of available) add(program, host)
  return program
}

function report(error: unknown, host: Host): ExitCode {
  // Commander has printed its own message by now; `--help` and `--version` come here too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage
  const colors = colorsFor(host.stderr, host.environment)
  if (error instanceof AbortError) {
    host.stderr.write(`${colors.yellow('stopped:')} ${error.message}\n`)
    return EXIT.interrupted
  }
  // A code says that the message is meant for users; without one it is a defect, and its stack helps to find it.
  const text = error instanceof DropoutError ? `${error.message} (${error.code})` : stackOf(error)
  host.stderr.write(`${colors.red('error:')} ${text}\n`)
  return EXIT.failure
}

function stackOf(error: unknown): string {
  if (error instanceof Failure) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

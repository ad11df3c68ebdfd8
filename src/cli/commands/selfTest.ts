import { type Command, Option } from 'commander'
import type { SelfTestEffort } from '../../selfTest/effort.js'
import { runSelfTest } from '../../selfTest/run.js'
import { librarySource, type Source } from '../../selfTest/source.js'
import { seedOrDrawn } from '../../validate/seed.js'
import { Failure } from '../failure.js'
import type { Host } from '../host.js'
import { interruptible } from '../interrupt.js'
import { parseSeed } from '../seed.js'
import { renderJson, renderReport } from '../selfTest/report.js'
import { colorsFor } from '../terminal/colors.js'
import { createProgress } from '../terminal/progress.js'

interface CommandOptions {
  readonly seed?: bigint
  readonly quick?: true
  readonly thorough?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  $ npx inverted-dropout selftest
  $ npx inverted-dropout selftest --thorough
  $ npx inverted-dropout selftest --seed 42 --json | jq '.tests[] | select(.adjustedPValue < 0.01)'

A right stream fails once in a million runs. Whatever fails again with other seeds is a defect: please report it with
its seed. docs/self-test.md says what is tested and how small a defect is found.
`

/** `inverted-dropout selftest`: whether the masks of this machine are what they should be. */
export function addSelfTest(program: Command, host: Host, source: Source = librarySource): void {
  program
    .command('selftest')
    .description('test the random masks of this machine statistically')
    .addOption(
      new Option('--seed <integer>', 'whose masks (default: drawn by the system, and shown)').argParser(
        parseSeed,
      ),
    )
    .addOption(new Option('--quick', 'less than a second').conflicts('thorough'))
    .addOption(new Option('--thorough', 'about a minute: finds smaller defects').conflicts('quick'))
    .option('--json', 'print every test as JSON')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES)
    .action((options: CommandOptions) => run(options, host, source))
}

async function run(options: CommandOptions, host: Host, source: Source): Promise<void> {
  const progress = createProgress(host.stderr, host.environment)
  const started = performance.now()
  const seed = seedOrDrawn(options.seed)
  const effort: SelfTestEffort = options.quick ? 'quick' : options.thorough ? 'thorough' : 'normal'
  const report = await interruptible(host, (signal) =>
    runSelfTest({ source, seed, effort, signal, onProgress: progress.update }),
  ).finally(progress.end)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  host.stderr.write(`drew ${Math.round(report.lanes / 1e6)} million lanes in ${seconds} s\n`)
  host.stdout.write(
    options.json ? renderJson(report) : renderReport(report, colorsFor(host.stdout, host.environment)),
  )
  const failed = report.tests.filter((test) => !test.passed).length
  if (failed > 0) throw new Failure(`${failed} of ${report.tests.length} tests failed`)
}

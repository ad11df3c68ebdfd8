import { type Command, Option } from 'commander'
import { runExperiment } from '../demo/experiment.js'
import { renderReport } from '../demo/report.js'
import type { Host } from '../host.js'
import { interruptible } from '../interrupt.js'
import { parseSeed } from '../seed.js'
import { colorsFor } from '../terminal/colors.js'
import { createProgress } from '../terminal/progress.js'

interface DemoOptions {
  readonly seed: bigint
  readonly json?: true
}

const EXAMPLES = `
Examples:
  $ npx inverted-dropout demo
  $ npx inverted-dropout demo --seed 7
  $ npx inverted-dropout demo --json | jq .leastCertain

The seed decides the split, the weights and every mask: the same seed prints the same result.
Nothing is written to disk.
`

/** `inverted-dropout demo`: real data, training with and without dropout, predictions that know what they don't know. */
export function addDemo(program: Command, host: Host): void {
  program
    .command('demo')
    .description(
      'train on the Breast Cancer Wisconsin data with and without dropout, and see what it is unsure of',
    )
    .addOption(
      new Option('--seed <integer>', 'split, weights and masks').argParser(parseSeed).default(1n, '1'),
    )
    .option('--json', 'print the result as JSON')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES)
    .action((options: DemoOptions) => demo(options, host))
}

async function demo({ seed, json }: DemoOptions, host: Host): Promise<void> {
  const progress = createProgress(host.stderr, host.environment)
  const started = performance.now()
  const result = await interruptible(host, (signal) => runExperiment({ seed, signal, progress })).finally(
    progress.end,
  )
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const { splits } = result.acrossSplits
  host.stderr.write(`trained two networks on each of ${splits} splits and predicted in ${seconds} s\n`)
  host.stdout.write(
    json
      ? `${JSON.stringify(result, null, 2)}\n`
      : renderReport(result, colorsFor(host.stdout, host.environment)),
  )
}

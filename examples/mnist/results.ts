import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { NETWORKS, type NetworkName, REPORTED } from './networks.js'

/** How one run of a network ended. */
export interface Result {
  readonly network: NetworkName
  readonly seed: number
  /** Errors with dropout off, in percent: on images that were learnt from and on images that were not. */
  readonly trainError: number
  readonly testError: number
  /** The time of the training. */
  readonly seconds: number
}

/** The results of a comparison, kept in a file so that it can be stopped at any time. */
export class Results {
  readonly #file: string
  readonly #list: Result[]

  constructor(file: string) {
    this.#file = file
    this.#list = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : []
  }

  /** Whether a run has ended before. */
  has(network: NetworkName, seed: number): boolean {
    return this.#list.some((result) => result.network === network && result.seed === seed)
  }

  add(result: Result): void {
    this.#list.push(result)
    const aside = `${this.#file}.tmp`
    writeFileSync(aside, `${JSON.stringify(this.#list, null, 2)}\n`)
    renameSync(aside, this.#file)
  }

  /** A line for each network: means over the runs, the errors of the runs, and what the paper reports. */
  table(title: string): string {
    const rows = NETWORKS.map((network) => row(network, this.#list)).filter((row) => row !== undefined)
    return [
      `| network | ${title} error % | by seed | paper % | training error % | gap | seconds each |`,
      RULE,
      ...rows,
    ].join('\n')
  }
}

const RULE = '|---|---|---|---|---|---|---|'

function row(network: NetworkName, results: readonly Result[]): string | undefined {
  const runs = results.filter((result) => result.network === network)
  if (runs.length === 0) return undefined
  const mean = (of: (result: Result) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length
  const [test, train] = [mean((run) => run.testError), mean((run) => run.trainError)]
  const cells = [
    network,
    test.toFixed(2),
    runs.map((run) => `${run.seed}: ${run.testError.toFixed(2)}`).join(', '),
    REPORTED[network].toFixed(2),
    train.toFixed(2),
    (test - train).toFixed(2),
    mean((run) => run.seconds).toFixed(0),
  ]
  return `| ${cells.join(' | ')} |`
}

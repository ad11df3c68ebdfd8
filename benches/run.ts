/**
 * Measures every row of `rows.json` for every rival, all in one process, several times over, and prints a table of
 * medians with ratios. See docs/benchmarks.md for what is compared and how.
 *
 *     npm run bench -- --threads 1 --runs 3 --python python3
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.js'
import { measure, median, type Seconds } from './measure.js'
import { runPyTorch } from './pytorch.js'
import { copy } from './rivals/copy.js'
import { onnxruntime } from './rivals/onnxruntime.js'
import { plainJavaScript } from './rivals/plainJavaScript.js'
import { tensorflow } from './rivals/tensorflow.js'
import { readRows } from './rows.js'
import { type Line, table } from './table.js'
import type { Rival } from './workload.js'

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    rivals: { type: 'string', default: '' },
    python: { type: 'string' },
    output: { type: 'string' },
  },
})
const threads = Number(values.threads)
const runs = Number(values.runs)

// Read by the library when it is loaded, hence the import after it.
process.env['INVERTED_DROPOUT_THREADS'] = String(threads)
const { invertedDropout } = await import('./rivals/invertedDropout.js')

const known: Rival[] = [
  invertedDropout,
  copy,
  plainJavaScript,
  tensorflow('wasm', threads),
  tensorflow('cpu', threads),
  onnxruntime(threads),
]
const asked = values.rivals.split(',')
const rivals = known.filter(({ name }) => asked.some((part) => name.includes(part)))
const rows = readRows(values.only)
const machine = describeMachine(threads)
const names = rivals.map(({ name }) => name)
const samples = new Map<string, number[]>()
const record = (row: string, rival: string, seconds: Seconds) => {
  if (seconds === undefined) return
  const key = `${row} by ${rival}`
  samples.set(key, [...(samples.get(key) ?? []), seconds])
}

for (let run = 1; run <= runs; run++) {
  console.error(`run ${run} of ${runs}`)
  for (const row of rows) {
    for (const rival of rivals) record(row.name, rival.name, await measure(rival, row))
  }
  if (values.python !== undefined) {
    const report = runPyTorch(values.python, { threads, only: values.only })
    if (run === 1) {
      names.push('PyTorch')
      machine.push(`PyTorch ${report.version}`)
    }
    for (const row of rows) record(row.name, 'PyTorch', report.seconds[row.name])
  }
}

const lines: Line[] = rows.map((row) => {
  const medianOf = (rival: string): Seconds => {
    const measured = samples.get(`${row.name} by ${rival}`)
    return measured === undefined ? undefined : median(measured)
  }
  return { row, seconds: Object.fromEntries(names.map((rival) => [rival, medianOf(rival)])) }
})
console.log(
  `\n${machine.join('\n')}\nmedians of ${runs} runs; in brackets, times as long as ${invertedDropout.name}\n`,
)
const isTraining = ({ row }: Line) => row.measure === 'trainingStep'
const isKernel = ({ row }: Line) => 'shape' in row
const isPlain = (line: Line) => !isTraining(line) && !isKernel(line)
for (const part of [isPlain, isKernel, isTraining].map((of) => lines.filter(of))) {
  if (part.length > 0) console.log(`${table(part, names, invertedDropout.name)}\n`)
}
if (values.output !== undefined)
  writeFileSync(values.output, `${JSON.stringify({ machine, runs, lines }, null, 2)}\n`)

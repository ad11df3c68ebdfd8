/**
 * Measures every row of `rows.json` for every rival, all in one process, several times over, and prints a table of
 * medians with ratios. See docs/benchmarks.md for what is compared and how.
 *
 *     npm run bench -- --threads 1 --runs 3 --python python3
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.js'
import { measure } from './measure.js'
import { startPyTorch } from './pytorch.js'
import { copy } from './rivals/copy.js'
import { onnxruntime } from './rivals/onnxruntime.js'
import { plainJavaScript } from './rivals/plainJavaScript.js'
import { tensorflow } from './rivals/tensorflow.js'
import { readRows } from './rows.js'
import { type Line, type Sample, summary, table } from './table.js'
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
const pyTorch = values.python === undefined ? undefined : await startPyTorch(values.python, threads)
if (pyTorch !== undefined) {
  names.push('PyTorch')
  machine.push(`PyTorch ${pyTorch.version}`)
}

const samples = new Map<string, Sample[]>(rows.map(({ name }) => [name, []]))
for (let run = 1; run <= runs; run++) {
  console.error(`run ${run} of ${runs}`)
  for (const row of rows) {
    // All of a row one after another: machines are now faster and now slower for minutes.
    const sample: Sample = {}
    for (const rival of rivals) sample[rival.name] = await measure(rival, row)
    if (pyTorch !== undefined) sample['PyTorch'] = await pyTorch.measure(row)
    samples.get(row.name)!.push(sample)
  }
}
pyTorch?.close()

const lines: Line[] = rows.map((row) => summary(row, samples.get(row.name)!, names, invertedDropout.name))
console.log(
  `\n${machine.join('\n')}\nmedians of ${runs} runs; in brackets, that of the runs' times as long as ${invertedDropout.name}\n`,
)
const isTraining = ({ row }: Line) => row.measure === 'trainingStep'
const isKernel = ({ row }: Line) => 'shape' in row
const isPlain = (line: Line) => !isTraining(line) && !isKernel(line)
for (const part of [isPlain, isKernel, isTraining].map((of) => lines.filter(of))) {
  if (part.length > 0) console.log(`${table(part, names)}\n`)
}
if (values.output !== undefined)
  writeFileSync(values.output, `${JSON.stringify({ machine, runs, lines }, null, 2)}\n`)

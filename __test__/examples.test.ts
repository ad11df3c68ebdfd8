import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { dropout, dropoutBackward } from '../src/index.js'
import { temporaryFolder } from './temporary.js'

const FOLDER = new URL('../examples/', import.meta.url)

/** What each example must have printed. */
const PRINTS: Record<string, RegExp[]> = {
  // sin 0 and sin 1.5 to within the spread, and a wider spread where nothing was taught.
  'quick-start.ts': [/^-?0\.[01]\d ± 0\.[01]\d\n(0\.9|1\.0)\d ± 0\.[01]\d\n-?\d\.\d\d ± (0\.[2-9]|1)/m],
  'masks.ts': [
    /^block 7 \(DropBlock\) +asked 25\.0 %, mean 2[45]\.\d %, in the picture /m,
    /^wrote .*masks\.svg$/m,
  ],
  'kernels.ts': [/^row 12 in a batch (.*)\nrow 12 alone {6}\1$/m, /keeps (89|90)\d{4} of a million/],
  'uncertainty.ts': [/^x = 0\.5: {2}(0\.9|1\.0)\d ± 0\.\d\d/m, /^x = 3\.0: .*never seen$/m],
  'larger-than-memory.ts': [
    /^630 batches of houses\.csv$/m,
    /^error of a price: ([5-9]|1\d|2\d)\.\d thousand$/m,
    /^100 square metres, 20 years: 3[0-5]\d thousand/m,
  ],
  'save-and-resume.ts': [
    /^stopped: /m,
    /^resumed equals never stopped: true$/m,
    /^loaded predicts the same: true$/m,
  ],
}

/** Arguments of an example that may write `file`, or files beside it; of the others it is `file`. */
const ARGUMENTS: Record<string, (file: string) => string[]> = {
  'mnist.ts': (file) => ['--budget', 'seconds', '--folder', dirname(file)],
  'language-model.ts': (file) => ['--budget', 'seconds', '--svg', file],
}

test('every example is run', (t) => {
  t.deepEqual(
    readdirSync(FOLDER).filter((file) => file.endsWith('.ts')),
    [...Object.keys(PRINTS), ...Object.keys(ARGUMENTS)].toSorted(),
  )
})

test('the README opens with the quick start', (t) => {
  const code = readFileSync(new URL('quick-start.ts', FOLDER), 'utf8')
  const withoutTitle = code.slice(code.indexOf('\n') + 1)
  t.true(readFileSync(new URL('../README.md', FOLDER), 'utf8').includes(withoutTitle))
})

test('the numbers of the README are those of the library', (t) => {
  const readme = readFileSync(new URL('../README.md', FOLDER), 'utf8')
  const x = new Float32Array([1, 2, 3, 4, 5, 6, 7, 8])
  const y = dropout(x, { rate: 0.5, seed: 7n })
  const dx = dropoutBackward(new Float32Array(8).fill(1), { rate: 0.5, seed: 7n })
  t.true(readme.includes(`console.log(y.join(' ')) // ${y.join(' ')}\n`))
  t.true(readme.includes(`console.log(dx.join(' ')) // ${dx.join(' ')}\n`))
})

for (const [file, expected] of Object.entries(PRINTS)) {
  test(`examples/${file}`, async (t) => {
    const { stdout } = await run(file)
    for (const pattern of expected) t.regex(stdout, pattern)
  })
}

test('docs/masks.svg is what examples/masks.ts writes', async (t) => {
  const { file } = await run('masks.ts')
  t.true(readFileSync(file, 'utf8') === readFileSync(new URL('../docs/masks.svg', FOLDER), 'utf8'))
})

test('examples/mnist.ts: every network learns to read digits that it has not seen', async (t) => {
  const { stdout, file } = await run('mnist.ts')
  const rows = stdout.split('\n').filter((line) => /\d \|$/.test(line))
  const cells = rows.map((line) => line.split('|').map((cell) => cell.trim()))
  t.deepEqual(
    cells.map(([, network]) => network),
    ['no dropout', 'dropout', 'dropout, max-norm'],
  )
  for (const [, network, testError, , , trainError] of cells) {
    t.true(Number(testError) < 10, `${network}: ${testError} %`)
    t.true(Number(trainError) < Number(testError), `${network}: ${trainError} % of what it learnt from`)
  }
  // What is done is kept: the same command finds it.
  t.deepEqual(
    readdirSync(dirname(file)).filter((name) => !name.endsWith('.json')),
    [],
  )
})

const posix = process.platform === 'win32' ? test.skip : test

posix(
  'examples/mnist.ts: Ctrl-C keeps what is done, and the same command ends as if nothing had been',
  async (t) => {
    const folder = temporaryFolder()
    const arguments_ = ['--import=tsx', fileURLToPath(new URL('mnist.ts', FOLDER)), '--budget', 'seconds']
    const stopped = spawn(process.execPath, [...arguments_, '--folder', folder])
    let [said, printed] = ['', '']
    stopped.stdout.on('data', (text) => {
      printed += text
    })
    stopped.stderr.on('data', (text) => {
      said += text
      if (!stopped.killed && /^dropout, seed 1: epoch 2/m.test(said)) stopped.kill('SIGINT')
    })
    t.deepEqual(await once(stopped, 'close'), [130, null], said)
    // One network was done, the second one under way.
    t.regex(printed, /^\| no dropout /m)
    t.notRegex(printed, /^\| dropout /m)
    t.is(readdirSync(folder).filter((name) => name.endsWith('.safetensors')).length, 1)

    const { stdout } = await promisify(execFile)(process.execPath, [...arguments_, '--folder', folder])
    const withoutSeconds = (table: string) => table.replaceAll(/\d+ \|$/gm, '')
    t.is(withoutSeconds(stdout), withoutSeconds((await run('mnist.ts')).stdout))
  },
)

test('examples/language-model.ts: every network learns more than how often characters occur', async (t) => {
  const { stdout, file } = await run('language-model.ts')
  const unigram = Number(/^unigram frequencies: validation loss ([\d.]+) /m.exec(stdout)?.[1])
  t.true(unigram > 3 && unigram < 4, String(unigram))
  const names = ['LSTM', 'LSTM, dropout', 'transformer', 'transformer, dropout']
  for (const name of names) {
    const best = Number(new RegExp(`^${name} +[▁-█]+ best ([\\d.]+) `, 'm').exec(stdout)?.[1])
    t.true(best < 0.85 * unigram, `${name}: ${best} beside ${unigram}`)
  }
  t.regex(stdout, /\nROMEO:\n.{100}/s)
  t.true(existsSync(file))
  for (const name of names) t.true(readFileSync(file, 'utf8').includes(`>${name}</text>`), name)
})

/** Runs an example, which may write `file`, or beside it, and nothing else. */
async function run(example: string): Promise<{ stdout: string; file: string }> {
  const path = fileURLToPath(new URL(example, FOLDER))
  const file = join(temporaryFolder(), 'masks.svg')
  const arguments_ = ARGUMENTS[example]?.(file) ?? [file]
  const { stdout } = await promisify(execFile)(process.execPath, ['--import=tsx', path, ...arguments_])
  return { stdout, file }
}

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { dropout, dropoutBackward } from '../src/index.js'

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

test('every example is run', (t) => {
  t.deepEqual(
    readdirSync(FOLDER).filter((file) => file.endsWith('.ts')),
    Object.keys(PRINTS).toSorted(),
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

/** Runs an example, which may write `file` and nothing else. */
async function run(example: string): Promise<{ stdout: string; file: string }> {
  const path = fileURLToPath(new URL(example, FOLDER))
  const file = join(mkdtempSync(join(tmpdir(), 'inverted-dropout-')), 'masks.svg')
  const { stdout } = await promisify(execFile)(process.execPath, ['--import=tsx', path, file])
  return { stdout, file }
}

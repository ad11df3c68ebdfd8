import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const FOLDER = new URL('../examples/', import.meta.url)

/** What each example must have printed. */
const PRINTS: Record<string, RegExp[]> = {
  'quick-start.ts': [
    /^centre: inside with probability (0\.9|1)/m,
    /^corner: inside with probability 0\.[01]/m,
  ],
  'kernels.ts': [/^row 12 in a batch (.*)\nrow 12 alone {6}\1$/m, /keeps (89|90)\d{4} of a million/],
  'uncertainty.ts': [/^x = 0\.5: {2}(0\.9|1\.0)\d ± 0\.\d\d/m, /^x = 3\.0: .*never seen$/m],
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

for (const [file, expected] of Object.entries(PRINTS)) {
  test(`examples/${file}`, async (t) => {
    const path = fileURLToPath(new URL(file, FOLDER))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import=tsx', path])
    for (const pattern of expected) t.regex(stdout, pattern)
  })
}

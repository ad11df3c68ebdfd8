import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Seconds } from './measure.js'

/** What `pytorch.py --json` prints. */
export interface PyTorchReport {
  readonly version: string
  /** Seconds of one element or one step, by row name. */
  readonly seconds: Readonly<Record<string, Seconds>>
}

/** Runs `pytorch.py` with the given interpreter, one that has PyTorch. */
export function runPyTorch(
  python: string,
  { threads, only }: { threads: number; only: string },
): PyTorchReport {
  const script = fileURLToPath(new URL('pytorch.py', import.meta.url))
  const output = execFileSync(python, [script, '--json', '--threads', String(threads), '--only', only], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(output) as PyTorchReport
}

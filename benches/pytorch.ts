import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Seconds } from './measure.js'
import type { Row } from './rows.js'

/** PyTorch in a process of its own, which measures rows one at a time. */
export interface PyTorch {
  readonly version: string
  measure(row: Row): Promise<Seconds>
  /** Ends the process. */
  close(): void
}

/** Starts `pytorch.py` with the given interpreter, one that has PyTorch. */
export async function startPyTorch(python: string, threads: number): Promise<PyTorch> {
  const script = fileURLToPath(new URL('pytorch.py', import.meta.url))
  const child = spawn(python, [script, '--serve', '--threads', String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${python} ended before it had answered`)
    return JSON.parse(value) as unknown
  }
  return {
    version: (await answer()) as string,
    async measure(row) {
      child.stdin.write(`${row.name}\n`)
      return ((await answer()) as number | null) ?? undefined
    },
    close() {
      child.stdin.end()
    },
  }
}

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tools.js'

/** Whether an output is missing or older than any of the inputs (files, or folders with all they hold). */
export function isStale(outputs: string[], inputs: string[]): boolean {
  const oldest = Math.min(...outputs.map((path) => modified(root(path))))
  return inputs.some((path) => newest(root(path), outputs.map(root)) > oldest)
}

function newest(path: string, except: string[]): number {
  const status = statSync(path)
  if (except.includes(path)) return 0
  if (!status.isDirectory()) return status.mtimeMs
  // A folder's own time tells of files that were removed.
  return readdirSync(path).reduce(
    (time, name) => Math.max(time, newest(join(path, name), except)),
    status.mtimeMs,
  )
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Removes what the compiler once made in `outputs` from sources that are no longer in `sources`. */
export function removeOrphans(outputs: string, sources: string): void {
  for (const path of readdirSync(outputs, { recursive: true, encoding: 'utf8' })) {
    const match = /^(.*?)(?:\.d\.ts|\.js)$/.exec(path)
    const isOrphan = match && !existsSync(join(sources, `${match[1]}.ts`)) && !existsSync(join(sources, path))
    if (isOrphan) rmSync(join(outputs, path))
  }
}

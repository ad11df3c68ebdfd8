import { readFileSync } from 'node:fs'

// This file lies beside `data`, as the bundle does, so that the path holds for both.
const FOLDER = new URL('data/', import.meta.url)

/** The text of a file that the package ships in `data`. */
export function readDataFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

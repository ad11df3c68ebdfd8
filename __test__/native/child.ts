import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The built library: workers of Node 20 cannot load TypeScript. `npm test` builds before it tests. */
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href

/**
 * Runs a script as a module of its own Node process, in which `'inverted-dropout'` is the built library, and gives
 * what it printed. Rejects with `stderr` and `code` unless it ends with exit code 0.
 */
export async function child(script: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const source = script.replaceAll("'inverted-dropout'", JSON.stringify(LIBRARY))
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], {
    env: { ...process.env, ...environment },
  })
  return stdout.trim()
}

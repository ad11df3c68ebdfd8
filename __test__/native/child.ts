import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The built library: workers of Node 20 cannot load TypeScript. `npm test` builds before it tests. */
const LIBRARY = new URL('../../dist/', import.meta.url)

/**
 * Runs a script as a module of its own Node process, in which `'inverted-dropout'` and `'inverted-dropout/nn'` are
 * the built library, and gives what it printed. Rejects with `stderr` and `code` unless it ends with exit code 0.
 */
export async function child(
  script: string,
  environment: NodeJS.ProcessEnv = {},
  flags: string[] = [],
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...asModule(script)], {
    env: childEnvironment(environment),
  })
  return stdout.trim()
}

/** The arguments with which Node runs a script as {@link child} does. */
export function asModule(script: string): string[] {
  const source = script
    .replaceAll("'inverted-dropout/nn'", JSON.stringify(new URL('nn/index.js', LIBRARY).href))
    .replaceAll("'inverted-dropout'", JSON.stringify(new URL('index.js', LIBRARY).href))
  return ['--input-type=module', '--eval', source]
}

/** What {@link child} gives a process beside what is asked for. */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // What runs in the built library would be counted beside the same functions of its sources.
  return { ...process.env, NODE_V8_COVERAGE: undefined, ...environment }
}

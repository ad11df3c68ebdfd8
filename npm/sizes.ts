import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tools.js'

/** Upper bounds in bytes. A build that outgrows one needs a reason, and then a new bound. */
const LIMITS = {
  // Masks with a structure, noise, graphs, fused kernels and attention, convolutions, recurrent layers: each for three
  // instruction sets, and much of it for every activation.
  addon: 9 * 1024 * 1024,
  library: 400_000,
  commandLine: 600_000,
}

/** Ends the process if something that users download has grown past its bound. */
export function checkSizes(): void {
  const addons = files('npm').filter((path) => path.endsWith('.node'))
  const scripts = files('dist').filter((path) => path.endsWith('.js'))
  const isCommandLine = (path: string): boolean => path.includes(join('dist', 'cli'))
  for (const path of addons) check(path, size([path]), LIMITS.addon)
  check(
    'dist (without the command line)',
    size(scripts.filter((path) => !isCommandLine(path))),
    LIMITS.library,
  )
  check('dist/cli', size(scripts.filter(isCommandLine)), LIMITS.commandLine)
}

function files(folder: string): string[] {
  return readdirSync(root(folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))
}

function size(paths: string[]): number {
  return paths.reduce((sum, path) => sum + statSync(root(path)).size, 0)
}

function check(name: string, bytes: number, limit: number): void {
  console.error(`${name}: ${bytes} bytes (limit ${limit})`)
  if (bytes > limit) process.exit(1)
}

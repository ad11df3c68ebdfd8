import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The absolute path of something in the checkout. */
export function root(path = ''): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

/** Runs a program in the checkout with our standard streams, and ends this one if it fails. */
export function run(program: string, args: string[], environment: NodeJS.ProcessEnv = {}): void {
  const { status, error } = spawnSync(program, args, {
    cwd: root(),
    // Standard output belongs to what is built, `npm run demo -- --json` for instance.
    stdio: ['inherit', 2, 2],
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

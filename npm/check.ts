/** Runs everything that must hold before a change lands, and stops at the first step that fails. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkSizes } from './sizes.js'
import { root, run } from './tools.js'

const npx = (...args: string[]): void => run('npx', args)
const cargo = (...args: string[]): void => run('cargo', args)

function step(name: string, work: () => void): void {
  const start = performance.now()
  console.error(`\n== ${name}`)
  work()
  console.error(`== ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

step('rustfmt', () => cargo('fmt', '--all', '--check'))
step('clippy', () => cargo('clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'))
step('rustdoc', () =>
  run('cargo', ['doc', '--workspace', '--no-deps', '--locked'], { RUSTDOCFLAGS: '-D warnings' }),
)
step('build', () => run('npm', ['run', '--silent', 'build']))
step('biome', () => npx('biome', 'check', '--error-on-warnings', '.'))
step('types', () => {
  npx('tsc', '--noEmit')
  npx('tsc', '--noEmit', '--project', 'benches/tsconfig.alone.json')
  // The rivals bring types of their own.
  if (existsSync(root('benches/node_modules'))) npx('tsc', '--noEmit', '--project', 'benches/tsconfig.json')
})
step('Rust tests', () => run('npm', ['run', '--silent', 'test:rust']))
step('TypeScript tests with coverage', () => run('npm', ['run', '--silent', 'coverage']))
step('package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  run('npm', ['run', '--silent', 'package', '--', folder])
  const main = readdirSync(folder).find((name) => /^inverted-dropout-\d/.test(name)) as string
  npx('publint', '--strict', join(folder, main))
  npx('attw', '--profile', 'esm-only', join(folder, main))
  rmSync(folder, { recursive: true })
})
step('sizes', checkSizes)

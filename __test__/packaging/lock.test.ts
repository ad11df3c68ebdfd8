import { readFileSync } from 'node:fs'
import test from 'ava'

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>
}

// An `npm install` where a registry lacks other platforms' packages drops them from the lock file, and from then on
// `npm ci` refuses it everywhere.
test('the lock file lists the packages of every platform', (t) => {
  const file = new URL('../../package-lock.json', import.meta.url)
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as Lock
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !(`node_modules/${name}` in packages))
  t.deepEqual(missing, [])
})

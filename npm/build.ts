/** Builds what is missing or out of date: the native addon, the library, the command line. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { platformName } from '../src/native/platform.js'
import { bundleCommandLine } from './bundle.js'
import { isStale, removeOrphans } from './stale.js'
import { root, run } from './tools.js'

const platform = platformName()
const folder = `npm/${platform}`
const addon = `${folder}/inverted-dropout.${platform}.node`
const types = 'src/native/binding.d.ts'

if (isStale([addon, types], ['crate', 'Cargo.toml', 'Cargo.lock'])) {
  console.error('building the native addon (the first time takes a minute or two)')
  mkdirSync(root(folder), { recursive: true })
  const command = [
    ...['napi', 'build', '--release', '--platform', '--no-js', '--dts', `../../${types}`],
    ...['--manifest-path', 'crate/node/Cargo.toml', '--output-dir', folder, '--', '--locked'],
  ]
  run('npx', command, { RUSTFLAGS: withoutMachinePaths(process.env['RUSTFLAGS']) })
}

// What tsc leaves alone because it has not changed keeps its time, so a stamp says when it last ran.
const stamp = 'dist/.built'
if (isStale([stamp], ['src', 'npm/build.ts', 'npm/bundle.ts', 'package-lock.json'])) {
  console.error('building the library')
  run('npx', ['tsc', '--project', 'src'])
  // The bundle is made anew; the rest stays, so that the compiler need not write it again.
  rmSync(root('dist/cli'), { recursive: true, force: true })
  removeOrphans(root('dist'), root('src'))
  cpSync(root(types), root('dist/native/binding.d.ts'))
  await bundleCommandLine()
  writeFileSync(root(stamp), '')
}

/** Flags that keep the folders of this machine out of the addon: panics name their source file. */
function withoutMachinePaths(flags = ''): string {
  const cargo = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo')
  // Flags are separated by spaces and cannot hold one.
  const folders = [cargo, root('.')].filter((folder) => !folder.includes(' '))
  return [flags, ...folders.map((folder) => `--remap-path-prefix=${folder}=.`)].join(' ').trim()
}

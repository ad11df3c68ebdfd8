/**
 * Packs the main package and every platform package whose addon is here into a folder:
 * `npm run package -- packages`.
 *
 * The packed manifest differs from the checkout's: it names the platform packages of the same version as optional
 * dependencies. The checkout cannot, since `npm ci` would ask for packages that are not published yet. It also
 * leaves out what only a checkout needs.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { crateLicences } from './licences.js'
import { root } from './tools.js'

interface Manifest {
  name: string
  version: string
  [key: string]: unknown
}

const ONLY_IN_A_CHECKOUT = ['scripts', 'devDependencies', 'napi', 'ava', 'c8']

const read = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest
const npm = (...args: string[]): string =>
  execFileSync('npm', args, { cwd: root(), encoding: 'utf8', shell: process.platform === 'win32' })

const platforms = readdirSync(root('npm'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => root(`npm/${entry.name}`))

/** The manifest that is published. */
function packedManifest(): Manifest {
  const manifest = read(root('package.json'))
  const kept = Object.entries(manifest).filter(([key]) => !ONLY_IN_A_CHECKOUT.includes(key))
  const optionalDependencies = Object.fromEntries(
    platforms.map((folder) => read(join(folder, 'package.json'))).map(({ name, version }) => [name, version]),
  )
  return { ...(Object.fromEntries(kept) as Manifest), optionalDependencies }
}

function packMain(destination: string): void {
  const [{ files }] = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as [
    { files: { path: string }[] },
  ]
  packStaged(destination, (staging) => {
    for (const { path } of files) {
      mkdirSync(join(staging, dirname(path)), { recursive: true })
      cpSync(root(path), join(staging, path))
    }
    writeFileSync(join(staging, 'package.json'), `${JSON.stringify(packedManifest(), null, 2)}\n`)
  })
}

/** A platform's addon with our licence and those of the crates in it. */
function packPlatform(folder: string, addon: string, destination: string): void {
  packStaged(destination, (staging) => {
    for (const file of ['package.json', addon]) cpSync(join(folder, file), join(staging, file))
    cpSync(root('LICENSE'), join(staging, 'LICENSE'))
    writeFileSync(join(staging, 'LICENSES.md'), crateLicences(basename(folder)))
  })
}

/** Packs a folder that `fill` fills. */
function packStaged(destination: string, fill: (staging: string) => void): void {
  const staging = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  fill(staging)
  npm('pack', staging, '--pack-destination', destination)
  rmSync(staging, { recursive: true })
}

const destination = resolve(process.argv[2] ?? root('packages'))
mkdirSync(destination, { recursive: true })
packMain(destination)
for (const folder of platforms) {
  const addon = readdirSync(folder).find((file) => file.endsWith('.node'))
  if (addon) packPlatform(folder, addon, destination)
}
console.log(readdirSync(destination).join('\n'))

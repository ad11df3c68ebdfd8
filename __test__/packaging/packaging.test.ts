import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { dropout } from '../../src/index.js'
import { platformName } from '../../src/native/platform.js'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const read = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'))

let scratch: string
let tarballs: string[]

test.before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'inverted-dropout-'))
  const packages = join(scratch, 'packages')
  await execute(process.execPath, ['--import=tsx', 'npm/pack.ts', packages], { cwd: root })
  tarballs = (await readdir(packages)).map((name) => join(packages, name))
})

test.after.always(() => rm(scratch, { recursive: true, force: true }))

/** Installs packed packages into a new folder that holds the consumers, without a network. */
async function install(name: string, packages: string[]): Promise<string> {
  const folder = join(scratch, name)
  await mkdir(folder)
  await cp(join(root, '__test__/packaging/consumers'), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const flags = ['--offline', '--no-audit', '--no-fund', '--no-package-lock']
  await execute('npm', ['install', ...flags, ...packages], {
    cwd: folder,
    shell: process.platform === 'win32',
  })
  return folder
}

const isMain = (tarball: string): boolean => /inverted-dropout-\d[^/]*\.tgz$/.test(tarball)
const isOurs = (tarball: string): boolean => isMain(tarball) || tarball.includes(platformName())

test.serial('the packed packages serve modules, CommonJS and TypeScript', async (t) => {
  const folder = await install('both', tarballs.filter(isOurs))
  const expected = {
    y: [...dropout(new Float32Array(8).fill(1), { rate: 0.5, seed: 7n })],
    code: 'ERR_RATE',
    version: (await read('package.json')).version,
    rooms: ['object', 'object'],
  }
  for (const consumer of ['module.mjs', 'commonjs.cjs']) {
    const { stdout } = await execute(process.execPath, [consumer], { cwd: folder })
    t.deepEqual(JSON.parse(stdout), expected, consumer)
  }
  const typeRoots = join(root, 'node_modules/@types')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await t.notThrowsAsync(
    execute(process.execPath, [tsc, '--project', folder, '--types', 'node', '--typeRoots', typeRoots]),
  )
})

test.serial('the main package alone says what is missing', async (t) => {
  const folder = await install('main', tarballs.filter(isMain))
  for (const consumer of ['module.mjs', 'commonjs.cjs']) {
    const failure = await t.throwsAsync<Error & { stderr: string }>(
      execute(process.execPath, [consumer], { cwd: folder }),
    )
    t.true(failure?.stderr.includes("code: 'ERR_NATIVE_MISSING'"))
    t.true(failure?.stderr.includes(`npm install inverted-dropout-${platformName()}`))
  }
})

test('the packed manifest pins every platform and carries no development', async (t) => {
  const folder = join(scratch, 'unpacked')
  await mkdir(folder)
  await execute('tar', ['-xzf', tarballs.find(isMain) as string, '-C', folder])
  const packed = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'))
  const { version, napi } = await read('package.json')
  const platforms = Object.keys(packed.optionalDependencies)
  t.is(platforms.length, napi.targets.length)
  t.deepEqual([...new Set(Object.values(packed.optionalDependencies))], [version])
  t.deepEqual(
    Object.keys(packed).filter((key) => /^(scripts|dev|ava|c8|napi|dependencies)/.test(key)),
    [],
  )
})

test('platform packages are of one version and say where they run', async (t) => {
  const { version, name } = await read('package.json')
  const entries = await readdir(join(root, 'npm'), { withFileTypes: true })
  const platforms = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  t.true(platforms.includes(platformName()))
  for (const platform of platforms) {
    const manifest = await read(`npm/${platform}/package.json`)
    const [os, cpu, abi] = platform.split('-')
    const libc = { gnu: ['glibc'], musl: ['musl'] }[abi ?? '']
    const addon = `${name}.${platform}.node`
    t.like(manifest, {
      name: `${name}-${platform}`,
      version,
      os: [os],
      cpu: [cpu],
      main: addon,
      files: [addon],
    })
    t.deepEqual(manifest.libc, libc)
  }
})

test('the lock file and the manifests name no registry', async (t) => {
  for (const path of ['package-lock.json', 'package.json', '.npmrc']) {
    t.notRegex(await readFile(join(root, path), 'utf8'), /"resolved": "https?:|^registry/m, path)
  }
})

test('the version of the crates is the version of the package', async (t) => {
  const { version } = await read('package.json')
  t.true((await readFile(join(root, 'Cargo.toml'), 'utf8')).includes(`\nversion = "${version}"\n`))
})

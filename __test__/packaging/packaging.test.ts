import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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
    trained: { epochs: 1, predicted: 2 },
    accuracy: 0.5,
  }
  for (const consumer of ['module.mjs', 'commonjs.cjs']) {
    const { stdout } = await execute(process.execPath, [consumer], { cwd: folder })
    t.deepEqual(JSON.parse(stdout), expected, consumer)
  }
  const typeRoots = join(root, 'node_modules/@types')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const compile = (...args: string[]) => execute(process.execPath, [tsc, ...args], { cwd: folder })
  await t.notThrowsAsync(compile('--project', 'tsconfig.json', '--types', 'node', '--typeRoots', typeRoots))
  // The package's own types ask for no newer library, and not for those of Node.
  await t.notThrowsAsync(compile('--project', 'tsconfig.es2022.json'))
})

test.serial('the command line runs as it is installed', async (t) => {
  const folder = await install('command', tarballs.filter(isOurs))
  const command = async (...args: string[]) => {
    const options = { cwd: folder, shell: process.platform === 'win32' }
    const { stdout } = await execute(join(folder, 'node_modules/.bin/inverted-dropout'), args, options)
    return stdout
  }
  t.is(await command('--version'), `${(await read('package.json')).version}\n`)
  t.true((await command('--help')).includes('Exit codes:'))
  const { seed, acrossSplits } = JSON.parse(await command('demo', '--json', '--seed', '3'))
  t.deepEqual([seed, acrossSplits.splits], ['3', 20])
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

/** Unpacks a package and returns where its files are. */
async function unpack(tarball: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'unpacked-'))
  await execute('tar', ['-xzf', tarball as string, '-C', folder])
  return join(folder, 'package')
}

const filesOf = async (folder: string, ending: string) =>
  (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(ending))

test('every relative link of a packed page leads to a packed file', async (t) => {
  const folder = await unpack(tarballs.find(isMain))
  const pages = await filesOf(folder, '.md')
  t.true(pages.length > 5)
  let links = 0
  for (const page of pages) {
    const text = await readFile(join(folder, page), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      links++
      t.true(existsSync(join(folder, dirname(page), target)), `${page} links to ${target}`)
    }
  }
  t.true(links > 5)
})

test('what is packed of dist has a source', async (t) => {
  const folder = join(await unpack(tarballs.find(isMain)), 'dist')
  const outputs = [...(await filesOf(folder, '.js')), ...(await filesOf(folder, '.d.ts'))]
  const source = (path: string) => join(root, 'src', path.replace(/(\.d\.ts|\.js)$/, '.ts'))
  const generated = join('native', 'binding.d.ts')
  t.deepEqual(
    outputs.filter((path) => path !== generated && !existsSync(source(path))),
    [],
  )
})

test('a platform package carries our licence and those of the crates in it', async (t) => {
  const folder = await unpack(tarballs.find((tarball) => tarball.includes(platformName())))
  t.is(await readFile(join(folder, 'LICENSE'), 'utf8'), await readFile(join(root, 'LICENSE'), 'utf8'))
  const licences = await readFile(join(folder, 'LICENSES.md'), 'utf8')
  for (const crate of ['gemm-f32', 'napi', 'rayon', 'safetensors', 'serde_json']) {
    t.regex(licences, new RegExp(`^## ${crate} \\d`, 'm'))
  }
  t.notRegex(licences, /^## (inverted-dropout|napi-derive|proptest)/m)
  t.true(licences.includes('Permission is hereby granted'))
})

test('the packed manifest pins every platform and carries no development', async (t) => {
  const folder = await unpack(tarballs.find(isMain))
  const packed = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
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
      files: [addon, 'LICENSES.md'],
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

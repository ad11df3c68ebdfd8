import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './tools.js'

/** Someone else's work that is part of what we ship. */
interface Work {
  readonly name: string
  readonly version: string
  /** An SPDX expression. */
  readonly license?: string | null
  /** Where its sources are. */
  readonly folder: string
}

/** Writes the licences of the packages whose files went into a bundle. */
export function writePackageLicences(inputs: string[], output: string): void {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined))
  const works = [...folders].map((folder): Work => {
    const manifest = JSON.parse(readFileSync(root(`${folder}/package.json`), 'utf8')) as Omit<Work, 'folder'>
    return { ...manifest, folder: root(folder) }
  })
  writeFileSync(root(output), page('Packages bundled into the command line', works))
}

function packageFolder(input: string): string | undefined {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
  return match?.[1]
}

/** What is used of the output of `cargo metadata`. */
interface Metadata {
  readonly packages: readonly (Omit<Work, 'folder'> & {
    readonly id: string
    readonly source: string | null
    readonly manifest_path: string
    readonly targets: readonly { readonly kind: readonly string[] }[]
  })[]
  readonly resolve: { readonly nodes: readonly Node[] }
}

interface Node {
  readonly id: string
  readonly deps: readonly {
    readonly pkg: string
    readonly dep_kinds: readonly { readonly kind: string | null }[]
  }[]
}

/** The licences of the crates that are linked into the addon of a platform, `linux-x64-gnu` for instance. */
export function crateLicences(platform: string): string {
  const command = ['metadata', '--format-version', '1', '--locked', '--filter-platform', targetOf(platform)]
  const options = { cwd: root(), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  const { packages, resolve } = JSON.parse(execFileSync('cargo', command, options)) as Metadata
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
  const crates = new Map(packages.map((crate) => [crate.id, crate]))
  const linked = new Set<string>()
  const visit = (id: string): void => {
    // Macros run in the compiler; what they need is not in the addon either.
    const isMacro = crates.get(id)?.targets.some(({ kind }) => kind.includes('proc-macro'))
    if (linked.has(id) || isMacro) return
    linked.add(id)
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg)
    }
  }
  for (const { id, name } of packages) if (name === 'inverted-dropout-node') visit(id)
  const works = packages.filter(({ id, source }) => linked.has(id) && source !== null)
  return page(
    'Crates linked into the addon',
    works.map((crate) => ({ ...crate, folder: dirname(crate.manifest_path) })),
  )
}

/** Rust's name of a platform. */
function targetOf(platform: string): string {
  const [system = '', processor = '', abi] = platform.split('-')
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[processor]
  const os = { linux: `unknown-linux-${abi}`, darwin: 'apple-darwin', win32: `pc-windows-${abi}` }[system]
  return `${cpu}-${os}`
}

function page(title: string, works: Work[]): string {
  const sorted = works.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const sections = sorted.map(
    ({ name, version, license, folder }) =>
      `## ${name} ${version} (${license ?? 'see its text'})\n\n${licenceText(folder)}\n`,
  )
  return [`# ${title}\n`, ...sections].join('\n')
}

/** The text of the MIT licence where it is one of a choice, else all that there is. */
function licenceText(folder: string): string {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying)/i.test(file))
  const mit = files.filter((file) => /^licen[cs]e-mit/i.test(file))
  const texts = (mit.length > 0 ? mit : files).map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return texts.join('\n\n') || 'It comes without a text of its licence.'
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { root } from './tools.js'

interface Manifest {
  name: string
  version: string
  license?: string
}

/** Writes the licences of the packages whose files went into a bundle. */
export function writeLicences(inputs: string[], output: string): void {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined))
  const sections = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(root(`${folder}/package.json`), 'utf8'),
    ) as Manifest
    const file = readdirSync(root(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(root(`${folder}/${file}`), 'utf8').trim() : ''
    return `## ${name} ${version} (${license ?? 'see its text'})\n\n${text}\n`
  })
  writeFileSync(root(output), ['# Packages bundled into the command line\n', ...sections].join('\n'))
}

function packageFolder(input: string): string | undefined {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
  return match?.[1]
}

import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

const PACKAGES = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'onnxruntime-node', 'benny']

/** What the figures were measured on and with, one fact a line. */
export function describeMachine(threads: number): string[] {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${memory}, ${type()} ${release()}`,
    `Node ${process.version}; ${PACKAGES.map((name) => `${name} ${installedVersion(name)}`).join(', ')}`,
    `threads: ${threads}`,
  ]
}

function installedVersion(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { type Domain, Mask } from '../../src/index.js'

interface Golden {
  seed: string
  rate: number
  site: number
  domain: Domain
  step: number
  sample: number
  shared: boolean
  start?: number
  length: number
}

interface GoldenFile {
  masks: (Golden & { keepBitsHex: string; kept: number })[]
  longMasks: (Golden & { sha256OfBytes: string; kept: number })[]
  shared: Golden & { keepBitsHex: string }
}

// The Rust tests read the same file.
const file = new URL('../../crate/core/tests/data/golden.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as GoldenFile

function maskOf({ seed, rate, site, domain, step, sample, shared }: Golden): Mask {
  return Mask.from({ seed, rate, site, domain, step, sample, shared })
}

for (const written of golden.masks) {
  const { keepBitsHex, kept, start = 0, length } = written
  test(`the golden mask of rate ${written.rate}, seed ${written.seed}, ${written.domain} at ${start}`, (t) => {
    const mask = maskOf(written)
    t.is(Buffer.from(mask.bits(start, length)).toString('hex'), keepBitsHex)
    t.is(mask.count(start, length), kept)
  })
}

for (const written of golden.longMasks) {
  const { sha256OfBytes, kept, start = 0, length } = written
  test(`the golden long mask of rate ${written.rate} and ${length} lanes`, (t) => {
    const mask = maskOf(written)
    t.is(createHash('sha256').update(mask.bits(start, length)).digest('hex'), sha256OfBytes)
    t.is(mask.count(start, length), kept)
  })
}

test('the golden shared mask is the same for every sample', (t) => {
  const mask = maskOf(golden.shared)
  t.is(Buffer.from(mask.bits(golden.shared.length)).toString('hex'), golden.shared.keepBitsHex)
  const other = maskOf({ ...golden.shared, sample: 99 })
  t.deepEqual(other.bits(golden.shared.length), mask.bits(golden.shared.length))
})

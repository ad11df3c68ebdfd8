import test from 'ava'
import { Mask } from '../../src/index.js'
import { addOverlap, addPositions, asWords, countKept, shifted } from '../../src/selfTest/lanes.js'

const mask = Mask.from({ rate: 0.3, seed: 5n })
const kept = (bits: Uint8Array, i: number): number => (bits[i >> 3]! >> (i & 7)) & 1

test('counts are those of the library, whatever the length', (t) => {
  for (const length of [0, 1, 7, 8, 31, 33, 100, 1024, 1056]) {
    t.is(countKept(mask.bits(3, length)), mask.count(3, length))
  }
})

test('lanes further on are what the library draws there', (t) => {
  const words = asWords(mask.bits(1024 + 320))
  for (const lag of [0, 1, 31, 32, 33, 127, 256, 287]) {
    t.deepEqual(shifted(words, lag, 32), asWords(mask.bits(lag, 1024)))
  }
})

test('overlaps and positions, lane by lane', (t) => {
  const first = mask.bits(256)
  const second = Mask.from({ rate: 0.5, seed: 6n }).bits(256)
  const overlap = { lanes: 0, first: 0, second: 0, both: 0 }
  addOverlap(overlap, asWords(first), asWords(second))
  addOverlap(overlap, asWords(first), asWords(second))
  const expected = { lanes: 512, first: 0, second: 0, both: 0 }
  const counts = new Float64Array(256)
  addPositions(counts, first)
  for (let i = 0; i < 256; i += 1) {
    expected.first += 2 * kept(first, i)
    expected.second += 2 * kept(second, i)
    expected.both += 2 * kept(first, i) * kept(second, i)
    t.is(counts[i], kept(first, i))
  }
  t.deepEqual(overlap, expected)
})

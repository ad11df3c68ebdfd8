import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { removeOrphans } from '../../npm/stale.js'

test('outputs of sources that are gone are removed, all else stays', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const write = (path: string) => {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), '')
  }
  for (const path of ['src/a.ts', 'src/room/b.ts', 'src/room/binding.d.ts']) write(path)
  const kept = ['.tsbuildinfo', 'a.d.ts', 'a.js', 'room/b.d.ts', 'room/b.js', 'room/binding.d.ts']
  for (const path of [...kept, 'gone.js', 'gone.d.ts', 'room/gone.js', 'old/c.d.ts']) write(`dist/${path}`)
  removeOrphans(join(folder, 'dist'), join(folder, 'src'))
  const left = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
  t.deepEqual(left.filter((path) => !['room', 'old'].includes(path)).toSorted(), kept)
})

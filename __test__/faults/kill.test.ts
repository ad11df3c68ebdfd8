import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { DropoutError } from '../../src/index.js'
import { load } from '../../src/nn/index.js'
import { asModule, child, childEnvironment } from '../native/child.js'
import { stepsOf } from './checkpoint.js'
import { moments } from './moments.js'
import { BATCHES, TRAINING } from './training.js'

const KILLS = 100
const SEED = 20140615
/** The latest moment of a kill, in milliseconds after training began. */
const LATEST = 60
const LEFTOVER = /^\.checkpoint\.\d+-\d+\.tmp$/

test('kill -9 at 100 random moments: the newest complete checkpoint loads, and goes on bit for bit', async (t) => {
  t.timeout(600_000)
  const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'checkpoint')
  const random = moments(SEED)
  let steps = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const moment = random() * LATEST
    await trainAndKill(path, moment)
    if (steps === 0 && !existsSync(path)) continue
    using model = await load(path)
    t.true(
      Object.values(model.parameters()).every(({ values }) => values.every(Number.isFinite)),
      `kill ${kill} after ${moment} ms`,
    )
    const now = stepsOf(path)
    t.true(now >= steps, `kill ${kill} after ${moment} ms: ${now} steps, ${steps} before`)
    steps = now
  }

  // What a killed writer leaves has a name of its own. Most are cut short; none is an internal error.
  const leftovers = readdirSync(folder).filter((name) => name !== 'checkpoint')
  t.log(
    `seed ${SEED}: ${steps} steps survived ${KILLS} kills, ${leftovers.length} of them while a file was written`,
  )
  t.true(leftovers.length > 0 && leftovers.length <= KILLS)
  t.true(steps > 0)
  for (const name of leftovers) {
    t.regex(name, LEFTOVER)
    const error = await load(join(folder, name)).then(
      (model) => model.dispose(),
      (error: unknown) => error,
    )
    if (error === undefined) continue
    t.true(error instanceof DropoutError && error.code === 'ERR_TRUNCATED', String(error))
  }

  // The run that was killed a hundred times ends as one that nobody disturbed.
  const epochs = String(Math.floor(steps / BATCHES) + 2)
  const resumed = await child(TRAINING, { CHECKPOINT: path, EPOCHS: epochs })
  t.is(resumed, await child(TRAINING, { EPOCHS: epochs }))
  t.is(stepsOf(path), BATCHES * Number(epochs))
})

/** Trains on from the checkpoint in a process that is killed so many milliseconds after it says that it trains. */
async function trainAndKill(path: string, milliseconds: number): Promise<void> {
  const process_ = spawn(process.execPath, asModule(TRAINING), {
    env: childEnvironment({ CHECKPOINT: path, EPOCHS: '1000000' }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(process_, 'exit') as Promise<[number | null, string | null]>
  await once(process_.stdout, 'data')
  await sleep(milliseconds)
  process_.kill('SIGKILL')
  const [code, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error(`the training ended by itself with code ${code}`)
}

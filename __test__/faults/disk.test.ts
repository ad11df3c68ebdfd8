import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { load } from '../../src/nn/index.js'
import { asModule, child, childEnvironment } from '../native/child.js'
import { stepsOf } from './checkpoint.js'
import { BATCHES, TRAINING } from './training.js'

const run = promisify(execFile)
/** A checkpoint grows with each epoch of its history, and so outgrows a limit in mid-training. */
const EPOCHS = '400'

/** Runs TRAINING through a shell that first does something to its file system or limits. */
async function shell(program: string, before: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const [command = '', ...arguments_] = program.split(' ')
  const script = [
    ...arguments_,
    '-c',
    `${before} && exec "$@"`,
    'sh',
    process.execPath,
    ...asModule(TRAINING),
  ]
  const { stdout } = await run(command, script, { env: childEnvironment(environment) })
  return stdout.trim()
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly finite: boolean
  readonly learnt: boolean
}

/** What a training said that failed. */
function failure(output: string): Failure {
  return JSON.parse(output.split('\n')[1] as string) as Failure
}

function folder(t: ExecutionContext): string {
  const made = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

const posix = process.platform === 'win32' ? test.skip : test

posix('a file that may not grow: a clear error, and the checkpoint before goes on bit for bit', async (t) => {
  const place = folder(t)
  const path = join(place, 'checkpoint')
  const environment = { CHECKPOINT: path, EPOCHS }
  // In blocks of 512 bytes. Writing past the limit fails with EFBIG, since Node ignores the signal.
  const { code, message, finite, learnt } = failure(await shell('sh', 'ulimit -f 16', environment))
  t.is(code, 'ERR_IO')
  t.true(message.includes(path), message)
  t.regex(message, /too large/i)
  t.true(finite && learnt)
  t.deepEqual(readdirSync(place), ['checkpoint'])
  t.true(statSync(path).size <= 16 * 512)
  const steps = stepsOf(path)
  t.true(steps > 0 && steps < BATCHES * Number(EPOCHS))
  ;(await load(path)).dispose()

  const epochs = String(Math.floor(steps / BATCHES) + 3)
  const resumed = await child(TRAINING, { CHECKPOINT: path, EPOCHS: epochs })
  t.is(resumed, await child(TRAINING, { EPOCHS: epochs }))
})

// A mount of its own namespace is gone with its process: what was on it is copied out before.
const mayMount = run('unshare', ['--mount', '--map-root-user', 'true']).then(
  () => true,
  () => false,
)

posix('a disk that is full: a clear error, and the checkpoint before is whole', async (t) => {
  if (!(await mayMount)) {
    t.log('not run: this user may not mount')
    t.pass()
    return
  }
  const place = folder(t)
  const [disk, kept] = [join(place, 'disk'), join(place, 'kept')]
  for (const made of [disk, kept]) mkdirSync(made)
  const script = `${TRAINING}
    import { cpSync } from 'node:fs'
    cpSync(${JSON.stringify(disk)}, ${JSON.stringify(kept)}, { recursive: true })
  `
  const [path, mount] = [join(disk, 'checkpoint'), 'mount -t tmpfs -o size=20k tmpfs "$DISK"']
  const { stdout } = await run(
    'unshare',
    [
      '--mount',
      '--map-root-user',
      'sh',
      '-c',
      `${mount} && exec "$@"`,
      'sh',
      process.execPath,
      ...asModule(script),
    ],
    { env: childEnvironment({ CHECKPOINT: path, EPOCHS, DISK: disk }) },
  )
  const { code, message, finite, learnt } = failure(stdout)
  t.is(code, 'ERR_IO')
  t.true(message.includes(path), message)
  t.regex(message, /no space left/i)
  t.true(finite && learnt)
  t.deepEqual(readdirSync(kept), ['checkpoint'])

  const copy = join(kept, 'checkpoint')
  const epochs = String(Math.floor(stepsOf(copy) / BATCHES) + 3)
  const resumed = await child(TRAINING, { CHECKPOINT: copy, EPOCHS: epochs })
  t.is(resumed, await child(TRAINING, { EPOCHS: epochs }))
})

posix('a save that does not fit leaves the model that was there', async (t) => {
  const path = join(folder(t), 'model')
  const script = `
    import { dense, sequential } from 'inverted-dropout/nn'
    const model = (units) => sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(units), dense(2)] })
    await model(4).save(process.env.MODEL)
    const error = await model(4000).save(process.env.MODEL).catch((error) => error)
    console.log(error.code, error.message)
  `
  const limited = ['-c', 'ulimit -f 16 && exec "$@"', 'sh', process.execPath, ...asModule(script)]
  const { stdout } = await run('sh', limited, { env: childEnvironment({ MODEL: path }) })
  t.regex(stdout, /^ERR_IO .*too large/i)
  using model = await load(path)
  t.is(model.config.layers.length, 2)
  t.true(readFileSync(path).length < 16 * 512)
})

posix('an abort on a full disk says so and keeps the older checkpoint', async (t) => {
  const path = join(folder(t), 'checkpoint')
  const script = `
    import { dense, sequential } from 'inverted-dropout/nn'
    const x = Float32Array.from({ length: 2 * 64 }, (_, i) => Math.sin(i * i))
    const y = Array.from({ length: 64 }, (_, row) => row % 2)
    const model = (units) => sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(units), dense(2)] })
    const checkpoint = { path: process.env.CHECKPOINT }
    await model(4).fit({ x, y }, { epochs: 1, checkpoint })
    // Its checkpoint does not fit; it is aborted before the first epoch would have saved one.
    const controller = new AbortController()
    const options = { epochs: 1, batchSize: 1, checkpoint, signal: controller.signal, onBatch: () => controller.abort() }
    const many = Float32Array.from({ length: 2 * 100_000 }, (_, i) => Math.sin(i * i))
    const data = { x: many, y: Array.from({ length: 100_000 }, (_, row) => row % 2) }
    const error = await model(4000).fit(data, options).catch((error) => error)
    console.log(error.name, error.code, error.history.steps > 0, error.message)
  `
  const limited = ['-c', 'ulimit -f 16 && exec "$@"', 'sh', process.execPath, ...asModule(script)]
  const { stdout } = await run('sh', limited, { env: childEnvironment({ CHECKPOINT: path }) })
  t.regex(stdout, /^AbortError ERR_ABORTED true .*no checkpoint of it could be saved: .*too large/i)
  using model = await load(path)
  t.deepEqual(Object.values(model.parameters())[0]?.shape, [4, 2])
})

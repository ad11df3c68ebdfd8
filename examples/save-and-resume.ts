/** Saves a model, and goes on with a training run that was stopped: the result is the same to the last bit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DropoutError } from 'inverted-dropout'
import { dense, dropout, load, sequential } from 'inverted-dropout/nn'

const folder = mkdtempSync(join(tmpdir(), 'inverted-dropout-'))
const checkpoint = join(folder, 'checkpoint.safetensors')
const x = Array.from({ length: 256 }, (_, i) => [Math.sin(i), Math.cos(3 * i)])
const train = { x, y: x.map(([a, b]) => (a! > b! ? 1 : 0)) }
const config = {
  input: [2],
  output: 'softmax',
  seed: 5n,
  layers: [dense(32, { activation: 'relu' }), dropout(0.5), dense(2)],
} as const

// A run that nobody disturbs.
const whole = sequential(config)
await whole.fit(train, { epochs: 10 })

// The same run, stopped after four epochs as Ctrl-C would stop it.
const controller = new AbortController()
const stopped = sequential(config)
const run = stopped.fit(train, {
  epochs: 10,
  checkpoint: { path: checkpoint },
  signal: controller.signal,
  onEpoch: ({ epoch }) => {
    if (epoch === 3) controller.abort()
  },
})
await run.catch((error: unknown) => {
  if (!(error instanceof DropoutError && error.code === 'ERR_ABORTED')) throw error
  console.log('stopped:', error.message)
})

// Another process, later: the checkpoint knows where the run was.
const resumed = sequential(config)
await resumed.fit(train, { epochs: 10, resume: checkpoint })
const same = (await resumed.predict(x)).every(equals(await whole.predict(x)))
console.log('resumed equals never stopped:', same)

// A saved model knows its layers, its weights and what its output means.
const file = join(folder, 'model.safetensors')
await whole.save(file)
const loaded = await load(file)
console.log('loaded predicts the same:', (await loaded.predict(x)).every(equals(await whole.predict(x))))
rmSync(folder, { recursive: true })

function equals(other: Float32Array) {
  return (value: number, index: number) => value === other[index]
}

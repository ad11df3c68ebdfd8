import test from 'ava'
import { runtime } from '../../src/index.js'
import { child } from './child.js'

const DIGEST = `
  import { createHash } from 'node:crypto'
  import { dropout, dropoutAsync } from 'inverted-dropout'
  const hash = createHash('sha256')
  const x = Float32Array.from({ length: 1_500_000 }, (_, i) => i + 1)
  hash.update(dropout(x, { rate: 0.3, seed: 7n }))
  hash.update(dropout(x, { rate: 0.5, seed: 7n, shape: [1500, 1000] }))
  hash.update(await dropoutAsync(x, { rate: 0.1, seed: 7n }))
  console.log(hash.digest('hex'))
`
const CODE = `
  import { dropout, dropoutAsync, Mask, runtime } from 'inverted-dropout'
  const options = { rate: 0.3, seed: 7n }
  const x = new Float32Array(1e6)
  const mask = Mask.from(options)
  const calls = process.env.INVERTED_DROPOUT_ISA ? [() => mask.bits(9), () => mask.count(9)] : []
  for (const work of [runtime, () => dropout(x, options), () => dropoutAsync(x, options), ...calls]) {
    try { await work(); console.log('no error') } catch (error) { console.log(error.name, error.code, error.message) }
  }
`

test('the bits do not depend on the number of threads or on the instruction set', async (t) => {
  const environments = [
    ...['1', '2', '3', '7'].map((threads) => ({ INVERTED_DROPOUT_THREADS: threads })),
    { INVERTED_DROPOUT_ISA: 'portable' },
  ]
  const digests = await Promise.all(environments.map((environment) => child(DIGEST, environment)))
  t.is(new Set(digests).size, 1)
  t.regex(digests[0] as string, /^[0-9a-f]{64}$/)
})

test('the environment chooses threads and instruction set', async (t) => {
  const script = "import { runtime } from 'inverted-dropout'\nconsole.log(JSON.stringify(runtime()))"
  const shown = await child(script, { INVERTED_DROPOUT_ISA: 'portable', INVERTED_DROPOUT_THREADS: '3' })
  t.deepEqual(JSON.parse(shown), { instructionSet: 'portable', threads: 3 })
  t.true(runtime().threads >= 1)
})

test('an instruction set that is not there is an error, not a fallback', async (t) => {
  const missing = process.arch === 'x64' ? 'neon' : 'avx2'
  for (const name of [missing, 'sse9']) {
    const lines = (await child(CODE, { INVERTED_DROPOUT_ISA: name })).split('\n')
    t.is(lines.length, 5)
    for (const line of lines) {
      t.regex(
        line,
        /^DropoutError ERR_ISA `INVERTED_DROPOUT_ISA` must be one of portable.* on this machine; got /,
      )
      t.true(line.endsWith(name))
    }
  }
})

test('a number of threads that is not possible is an error', async (t) => {
  for (const threads of ['0', '-1', '1.5', 'many', '1025']) {
    const lines = (await child(CODE, { INVERTED_DROPOUT_THREADS: threads })).split('\n')
    t.is(lines.length, 3)
    for (const line of lines) {
      t.is(
        line,
        `DropoutError ERR_THREADS \`INVERTED_DROPOUT_THREADS\` must be a whole number in [1, 1024]; got ${threads}`,
      )
    }
  }
})

test('workers come and go, threads of the main program stay', async (t) => {
  const script = `
    import { Worker } from 'node:worker_threads'
    import { dropout, dropoutAsync } from 'inverted-dropout'
    const x = new Float32Array(1_000_000).fill(1)
    const sum = () => dropout(x, { rate: 0.3, seed: 7n }).reduce((a, b) => a + b, 0)
    const before = sum()
    const source = \`
      import { dropout, dropoutAsync } from \${JSON.stringify('inverted-dropout')}
      const x = new Float32Array(1_000_000)
      dropout(x, { rate: 0.3, seed: 7n })
      dropoutAsync(x, { rate: 0.3, seed: 7n })
      process.exit(0)
    \`
    const codes = await Promise.all(Array.from({ length: 8 }, () => new Promise((resolve, reject) => {
      const worker = new Worker(source, { eval: true })
      worker.once('exit', resolve).once('error', reject)
    })))
    console.log(codes.join(), sum() === before)
    dropoutAsync(x, { rate: 0.3, seed: 7n })
    process.exit(0)
  `
  t.is(await child(script), '0,0,0,0,0,0,0,0 true')
})

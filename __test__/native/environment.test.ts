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
/** A line for each: a name, and what all its results come to. Large enough that threads share the work. */
const EVERYTHING = `
  import { createHash } from 'node:crypto'
  import * as all from 'inverted-dropout'
  const { mask } = all
  const hex = (...arrays) => arrays.reduce((hash, array) => hash.update(array), createHash('sha256')).digest('hex')
  const numbers = (length, from = -1) => Float32Array.from({ length }, (_, i) => from + 2 * ((i * 0.618034) % 1))
  const own = { seed: 7n, rate: 0.3 }
  const recipes = {
    rates: mask.element({ seed: 7n, shape: [300, 40, 50], rate: Array.from({ length: 50 }, (_, i) => i / 49) }),
    broadcast: mask.broadcast({ ...own, shape: [300, 40, 50], noiseShape: [300, 1, 50] }),
    channel: mask.channel({ ...own, shape: [300, 40, 5, 10], layout: 'NCHW' }),
    sequence: mask.sequence({ ...own, shape: [300, 40, 50], freshEachStep: true }),
    block: mask.block({ ...own, shape: [64, 28, 28, 16], layout: 'NHWC', blockSize: 7 }),
    positions: mask.block({ ...own, shape: [64, 16, 30, 30], layout: 'NCHW', blockSize: [4, 5], scale: 'position' }),
    volume: mask.block({ ...own, shape: [64, 4, 9, 10, 11], layout: 'NCDHW', blockSize: 3, border: 'clipped' }),
    attention: mask.attention({ ...own, shape: [16, 4, 80, 90] }),
    keys: mask.attention({ ...own, shape: [16, 4, 80, 90], per: 'key' }),
    weights: mask.weights({ ...own, shape: [700, 800] }),
    dropPath: mask.dropPath({ ...own, shape: [500, 1000] }),
    exactly: mask.exactly({ seed: 7n, drop: 300, size: 1000, rows: 500 }),
    shared: mask.element({ ...own, shape: [500, 1000], share: 'batch' }),
  }
  for (const [name, m] of Object.entries(recipes)) {
    const x = numbers(m.shape[0] * m.elements, 0.5)
    console.log(name, hex(m.bits(), m.apply(x), m.backward(x), Float64Array.of(m.count())))
  }
  const edges = new Uint32Array(600_000).map((_, i) => (i * 2_654_435_761) % 50_000)
  const graph = mask.edges({ ...own, edges, nodes: 50_000 })
  const arrays = [graph.list(), graph.csr()].flatMap(Object.values).filter(ArrayBuffer.isView)
  console.log('edges', hex(graph.bits(), ...arrays))
  console.log('nodes', hex(mask.nodes({ ...own, nodes: 400_000 }).bits()))
  const paths = { seed: 7n, rate: 0.3, edges, nodes: 50_000, length: 3 }
  console.log('paths', hex(mask.paths(paths).bits()))

  const [x, dy, other] = [numbers(400_000), numbers(400_000, -0.7), numbers(400_000, -0.4)]
  const rows = { ...own, shape: [400, 1000] }
  for (const name of ['gaussianDropout', 'alphaDropout']) {
    console.log(name, hex(all[name](x, rows), all[name + 'Backward'](dy, rows)))
  }
  const concrete = all.concreteDropoutBackward(x, dy, rows)
  console.log('concrete', hex(all.concreteDropout(x, rows), concrete.dx, Float64Array.of(concrete.dRate)))
  const zoned = all.zoneoutBackward(dy, rows)
  console.log('zoneout', hex(all.zoneout(x, other, rows), zoned.dPrevious, zoned.dCandidate))
  const bias = numbers(1000)
  const fused = { ...rows, bias, activation: 'gelu', residual: other }
  const gradients = all.biasActivationDropoutBackward(dy, { ...rows, bias, activation: 'gelu', x })
  console.log('bias', hex(all.biasActivationDropout(x, fused), gradients.dx, gradients.dBias))
  console.log('softmax', hex(all.softmaxDropout(x, rows)))
  const attention = { ...own, shape: [2, 4, 300, 32] }
  const [q, k, v, dq] = [0, 1, 2, 3].map((i) => numbers(2 * 4 * 300 * 32, -1 + i / 7))
  const { y, logSumExp } = all.scaledDotProductAttention(q, k, v, attention)
  const back = all.scaledDotProductAttentionBackward(dq, { ...attention, q, k, v, y, logSumExp })
  console.log('fused attention', hex(y, logSumExp, back.dq, back.dk, back.dv))
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

test('no mask, noise or fused kernel depends on the number of threads or on the instruction set', async (t) => {
  const environments = [
    ...['1', '2', '5'].map((threads) => ({ INVERTED_DROPOUT_THREADS: threads })),
    { INVERTED_DROPOUT_ISA: 'portable' },
  ]
  const all = await Promise.all(environments.map((environment) => child(EVERYTHING, environment)))
  t.is(all[0]?.split('\n').length, 23)
  t.is(new Set(all).size, 1)
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

import test from 'ava'
import { child } from '../native/child.js'

const MODEL = `
  const x = Float32Array.from({ length: 2 * 512 }, (_, i) => Math.sin(i))
  const y = Array.from({ length: 512 }, (_, row) => row % 2)
  const make = (units = 32) =>
    sequential({ input: [2], output: 'softmax', seed: 1n, layers: [dense(units, { activation: 'relu' }), dropout(0.5), dense(2)] })
`

test('100 workers load the addon, train and end, some in mid-training', async (t) => {
  const script = `
    import { Worker } from 'node:worker_threads'
    import { dense, dropout, sequential } from 'inverted-dropout/nn'
    ${MODEL}
    const source = \`
      import { parentPort, workerData } from 'node:worker_threads'
      import { dense, dropout, sequential } from \${JSON.stringify('inverted-dropout/nn')}
      ${MODEL.replaceAll('`', '\\`')}
      const epochs = workerData === 0 ? 2 : 1_000_000
      const options = { epochs, batchSize: 32, threads: 1 + (workerData % 2), onBatch: () => {}, onEpoch: () => parentPort.postMessage('learning') }
      const run = make().fit({ x, y }, options)
      const passes = make().predictMonteCarlo(x, { passes: 1000 + workerData * 100_000 })
      if (workerData === 1) process.exit(0)
      if (workerData === 2) setTimeout(() => process.exit(0), 5)
      await Promise.all([run, passes])
      if (workerData !== 0) throw new Error('not reached')
    \`
    const url = new URL('data:text/javascript,' + encodeURIComponent(source))
    const ends = { 0: 0, 1: 0, 2: 0, 3: 0 }
    const one = (kind) => new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: kind })
      // Kind 3 is ended from outside, in mid-training.
      if (kind === 3) worker.once('message', () => worker.terminate())
      worker.once('error', reject)
      worker.once('exit', (code) => {
        ends[kind] += code === (kind === 3 ? 1 : 0)
        resolve()
      })
    })
    const own = make()
    const controller = new AbortController()
    const training = own.fit({ x, y }, { epochs: 100_000_000, signal: controller.signal, threads: 2 })
    for (let i = 0; i < 100; i += 4) await Promise.all([0, 1, 2, 3].map(one))
    controller.abort()
    const error = await training.catch((error) => error)
    console.log(JSON.stringify(ends), error.code, own.predictSync(x).length)
  `
  t.is(await child(script), '{"0":25,"1":25,"2":25,"3":25} ERR_ABORTED 1024')
})

test('process.exit() during fit, passes and predictions: exit code 0', async (t) => {
  const script = (end: string) => `
    import { dense, dropout, sequential } from 'inverted-dropout/nn'
    ${MODEL}
    const model = make(512)
    model.fit({ x, y }, { epochs: 1_000_000, threads: 2, onEpoch: () => new Promise(() => {}), onBatch: () => {} })
    make(512).fit({ x, y }, { epochs: 1_000_000, threads: 2, onBatch: () => {} })
    const other = make(512)
    other.predictMonteCarlo(x, { passes: 1_000_000, onProgress: () => {} })
    for (let i = 0; i < 8; i++) other.predict(x)
    ${end}
  `
  for (const end of [
    'process.exit(0)',
    'setTimeout(() => process.exit(0), 3)',
    'setTimeout(() => process.exit(0), 60)',
  ]) {
    t.is(await child(script(end)), '')
  }
})

test('1000 models created and dropped leave the process no larger', async (t) => {
  const script = (drop: string) => `
    import { dense, dropout, sequential } from 'inverted-dropout/nn'
    ${MODEL}
    // 2 MB of parameters each: 2 GB, were they kept.
    const wide = () => sequential({ input: [512], output: 'softmax', seed: 1n, layers: [dense(1000), dense(2)] })
    const settle = async () => {
      for (let i = 0; i < 4; i++) {
        gc()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return process.memoryUsage().rss
    }
    const rounds = async (count) => {
      for (let i = 0; i < count; i++) {
        const model = wide()
        if (i % 50 === 0) {
          const small = make()
          await small.fit({ x, y }, { epochs: 1, onEpoch: () => {} })
          await small.predictMonteCarlo(x, { passes: 10 })
        }
        ${drop}
        if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await rounds(100)
    const before = await settle()
    let peak = 0
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 1)
    await rounds(1000)
    clearInterval(watch)
    const after = await settle()
    console.log(JSON.stringify({ before, after, peak, external: process.memoryUsage().external }))
  `
  const ways = { disposed: 'model.dispose()', dropped: '' }
  for (const [way, drop] of Object.entries(ways)) {
    const { before, after, peak, external } = JSON.parse(await child(script(drop), {}, ['--expose-gc']))
    const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
    t.log(
      `${way}: ${mebibytes(before)} MiB before, ${mebibytes(after)} MiB after, at most ${mebibytes(peak)} MiB`,
    )
    // 2 GB went by; freed memory is given back every 32 MiB.
    t.true(after - before < 40 * 2 ** 20, way)
    t.true(external < 16 * 2 ** 20, `${way}: ${external} bytes are still reported`)
  }
})

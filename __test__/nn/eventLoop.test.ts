import test from 'ava'
import { adam, dense, dropout, sequential } from '../../src/nn/index.js'

/** Delays of a 1 ms timer, in milliseconds beyond that millisecond, until it is stopped. */
function delaysOfTimer() {
  const delays: number[] = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    delays.push(Math.max(0, now - last - 1))
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    return delays.sort((a, b) => a - b)
  }
}

function quantile(sorted: number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number
}

test('the event loop stays free while a model trains and predicts', async (t) => {
  const layers = [
    dense(512, { activation: 'relu' }),
    dropout(0.5),
    dense(512, { activation: 'relu' }),
    dense(10),
  ]
  const model = sequential({ input: [784], output: 'softmax', seed: 1n, layers })
  const x = Float32Array.from({ length: 784 * 2000 }, (_, i) => Math.sin(i))
  const y = Array.from({ length: 2000 }, (_, row) => row % 10)
  const stopped = async (work: () => Promise<unknown>) => {
    const stop = delaysOfTimer()
    const start = performance.now()
    await work()
    const seconds = (performance.now() - start) / 1000
    const delays = stop()
    return {
      seconds,
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      worst: delays.at(-1) as number,
    }
  }
  const idle = await stopped(() => new Promise((resolve) => setTimeout(resolve, 500)))
  const [threads, epochs] = [1, 4]
  const fit = await stopped(() =>
    model.fit(
      { x, y },
      { epochs, batchSize: 128, optimizer: adam(), threads, onEpoch: () => {}, onBatch: () => {} },
    ),
  )
  const passes = await stopped(() => model.predictMonteCarlo(x, { passes: 20, threads }))
  for (const [name, { seconds, p50, p99, worst }] of Object.entries({ idle, fit, passes })) {
    const [a, b, c] = [p50, p99, worst].map((delay) => delay.toFixed(2))
    t.log(`${name}: ${seconds.toFixed(2)} s, delays of a 1 ms timer: p50 ${a} ms, p99 ${b} ms, worst ${c} ms`)
  }
  // Were the work done on the event loop, the median would be at least the time of an epoch or of all passes.
  t.true(fit.p50 < (fit.seconds * 1000) / epochs / 5)
  t.true(passes.p50 < (passes.seconds * 1000) / 5)
})

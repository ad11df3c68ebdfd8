/**
 * A language model of characters: an LSTM and a small transformer, each with dropout and without, on 96 kB of
 * Shakespeare or on any text. Prints the validation loss of each epoch and a text that the best network makes up.
 *
 *     npx tsx examples/language-model.ts
 *     npx tsx examples/language-model.ts --text all-of-shakespeare.txt --epochs 10 --svg curves.svg
 *
 * Ctrl-C ends it with the curves so far.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { AbortError } from 'inverted-dropout'
import { adam, cosine, type EpochEvent, type Model } from 'inverted-dropout/nn'
import { interruptible } from './command/interrupt.js'
import { count, word } from './command/options.js'
import { endProgress, progress } from './command/progress.js'
import { Characters, unigramLoss, windows } from './language-model/characters.js'
import { type Curve, lineChart, sparkline } from './language-model/chart.js'
import { NETWORKS, network } from './language-model/networks.js'
import { sample } from './language-model/sample.js'

const BUDGETS = {
  /** Some minutes on two cores. */
  full: { units: 128, features: 96, blocks: 2, steps: 64, epochs: 20, learningRate: 2e-3 },
  /** Networks that learn the text by heart unless they drop: half an hour on two cores. */
  large: { units: 384, features: 128, blocks: 4, steps: 64, epochs: 30, learningRate: 2e-3 },
  /** To see it work. */
  seconds: { units: 64, features: 32, blocks: 1, steps: 32, epochs: 3, learningRate: 1e-2 },
} as const
const LOOK = [
  { colour: '#0a6ebd', dashed: true },
  { colour: '#0a6ebd', dashed: false },
  { colour: '#c8501e', dashed: true },
  { colour: '#c8501e', dashed: false },
]
const SEED = 1

const { values: given } = parseArgs({
  options: {
    text: { type: 'string' },
    budget: { type: 'string', default: 'full' },
    epochs: { type: 'string' },
    threads: { type: 'string' },
    svg: { type: 'string' },
  },
})
const budget = BUDGETS[word(given.budget, 'budget', ['full', 'large', 'seconds'])]
const epochs = given.epochs === undefined ? budget.epochs : count(given.epochs, 'epochs')
const threads = given.threads === undefined ? undefined : count(given.threads, 'threads')

// The last tenth of the text is for validation.
const file = given.text ?? new URL('./language-model/shakespeare.txt', import.meta.url)
const text = readFileSync(file, 'utf8')
const characters = new Characters(text)
const numbers = characters.encode(text)
const split = Math.floor(0.9 * numbers.length)
const [known, unknown] = [numbers.subarray(0, split), numbers.subarray(split)]
const [train, validation] = [windows(known, budget.steps), windows(unknown, budget.steps)]
const unigram = unigramLoss(known, validation.y, characters.count)
console.log(`${text.length} characters, ${characters.count} distinct`)
console.log(`unigram frequencies: validation loss ${unigram.toFixed(3)} nats a character`)

const curves: Curve[] = []
let best: { readonly model: Model; readonly loss: number } | undefined

await interruptible(async (signal) => {
  for (const [i, name] of NETWORKS.entries()) {
    const model = network(name, budget, characters.count, SEED)
    const values: number[] = []
    curves.push({ name, values, ...LOOK[i]! })
    const onEpoch = ({ epoch, loss, validationLoss = Number.NaN, seconds }: EpochEvent) => {
      values.push(validationLoss)
      const figures = `loss ${loss.toFixed(3)}, validation ${validationLoss.toFixed(3)}`
      progress(`${name}: epoch ${epoch + 1}/${epochs}, ${figures}, ${seconds.toFixed(1)} s`)
    }
    const { epochs: course, seconds } = await model.fit(train, {
      epochs,
      batchSize: 32,
      optimizer: adam({
        learningRate: cosine({ initial: budget.learningRate, final: budget.learningRate / 20 }),
      }),
      clipNorm: 1,
      validation,
      // Never stops, and ends with the weights of the best epoch.
      earlyStopping: { patience: epochs },
      threads,
      signal,
      onEpoch,
    })
    endProgress()
    const lowest = Math.min(...values)
    const trained = course.at(-1)!.loss.toFixed(3)
    console.log(
      `${name.padEnd(20)} ${sparkline(values, [lowest, unigram])} best ${lowest.toFixed(3)} in epoch ${values.indexOf(lowest) + 1}, last ${values.at(-1)!.toFixed(3)}, training ${trained}, ${seconds.toFixed(0)} s`,
    )
    if (best === undefined || lowest < best.loss) best = { model, loss: lowest }
  }
}).catch((error: unknown) => {
  if (!(error instanceof AbortError)) throw error
  endProgress()
  console.error(error.message)
  process.exitCode = 130
})

console.log(
  `\n| epoch | ${curves.map(({ name }) => name).join(' | ')} |\n|---|${'---|'.repeat(curves.length)}`,
)
for (let epoch = 0; epoch < epochs; epoch++) {
  const cells = curves.map(({ values }) => values[epoch]?.toFixed(3) ?? '')
  console.log(`| ${epoch + 1} | ${cells.join(' | ')} |`)
}
if (given.svg !== undefined) {
  const baseline = { name: 'unigram frequencies', value: unigram }
  writeFileSync(
    given.svg,
    lineChart('Validation loss with and without dropout', 'nats a character', curves, baseline),
  )
}
if (best !== undefined) {
  const start = [...'ROMEO:\n'].filter((character) => text.includes(character)).join('')
  const options = { start, length: 400, steps: budget.steps, seed: SEED }
  console.log(`\n${sample(best.model, characters, options)}`)
}

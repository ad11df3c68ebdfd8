/** Batches out of a source, as the tests of streams read them. */
import { join } from 'node:path'
import { DropoutError } from '../../src/index.js'
import {
  adam,
  type Batch,
  type BatchSource,
  type FitOptions,
  type History,
  type Model,
} from '../../src/nn/index.js'
import { temporaryFolder } from '../temporary.js'
import { classifier, quadrants } from './quadrants.js'

export const SIZE = 16
export const SIZES = [SIZE, SIZE, SIZE, SIZE, 6]
const ROWS = 70
export const DATA = quadrants(ROWS)
export const OPTIONS = { epochs: 3, optimizer: adam({ learningRate: 0.01 }) }

/** Batch `number` of an epoch: each epoch begins with another row. */
export function batch(epoch: number, number: number): Batch {
  const rows = Array.from(
    { length: SIZES[number] as number },
    (_, row) => (SIZE * number + row + 7 * epoch) % ROWS,
  )
  return {
    x: rows.map((row) => DATA.x.subarray(2 * row, 2 * row + 2)),
    y: rows.map((row) => DATA.y[row] as number),
    ids: rows,
  }
}

export const source: BatchSource = async function* (epoch, skip) {
  for (let number = skip; number < SIZES.length; number++) yield batch(epoch, number)
}

/** What there is to compare of a run. */
export async function learnt(
  train: BatchSource,
  options: Partial<FitOptions> = {},
  model: Model = classifier(),
): Promise<{ parameters: unknown; history: object }> {
  const history = await model.fit(train, { ...OPTIONS, ...options })
  return { parameters: model.parameters(), history: timeless(history) }
}

export function timeless(history: History): object {
  return { ...history, seconds: 0, epochs: history.epochs.map((epoch) => ({ ...epoch, seconds: 0 })) }
}

export async function failure(run: Promise<unknown>): Promise<DropoutError> {
  return run.then(
    () => {
      throw new Error('it should fail')
    },
    (error) => {
      if (!(error instanceof DropoutError)) throw error
      return error
    },
  )
}

export function checkpointFile(): string {
  return join(temporaryFolder(), 'checkpoint.safetensors')
}

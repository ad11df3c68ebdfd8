import { existsSync, rmSync } from 'node:fs'
import { endProgress, progress } from '../command/progress.js'
import type { Budget } from './budgets.js'
import type { Digits } from './digits.js'
import { BATCH_SIZE, type NetworkName, network, optimizer } from './networks.js'
import type { Result } from './results.js'

/** What a network learns from and is judged by. */
export interface Task {
  readonly train: Digits
  readonly test: Digits
}

/** What does not change the result. */
export interface Running {
  /** What the path of a checkpoint begins with; a run that was stopped goes on from it. */
  readonly checkpoint: string
  readonly signal: AbortSignal
  readonly threads?: number | undefined
}

/**
 * Trains a network and judges it. What it does after each epoch it saves, so that no more than an epoch is lost at any
 * stop; at Ctrl-C nothing is.
 */
export async function train(
  name: NetworkName,
  seed: number,
  budget: Budget,
  task: Task,
  { checkpoint, signal, threads }: Running,
): Promise<Result> {
  using model = network(name, budget, seed)
  const path = `${checkpoint}-${name.replace(/\W+/g, '-')}-${seed}.safetensors`
  const { seconds } = await model.fit(task.train, {
    epochs: budget.epochs,
    batchSize: BATCH_SIZE,
    optimizer: optimizer(),
    checkpoint: { path },
    ...(existsSync(path) && { resume: path }),
    threads,
    signal,
    onEpoch: ({ epoch, loss, metrics, seconds }) => {
      const error = 100 * (1 - (metrics.accuracy ?? 0))
      const figures = `loss ${loss.toFixed(4)}, error with its masks ${error.toFixed(2)} %`
      progress(
        `${name}, seed ${seed}: epoch ${epoch + 1}/${budget.epochs}, ${figures}, ${seconds.toFixed(1)} s`,
      )
    },
  })
  endProgress()
  const error = async (digits: Digits) => {
    const { metrics } = await model.evaluate(digits, { threads })
    return 100 * (1 - (metrics.accuracy ?? 0))
  }
  const result = {
    network: name,
    seed,
    trainError: await error(task.train),
    testError: await error(task.test),
    seconds,
  }
  rmSync(path, { force: true })
  return result
}

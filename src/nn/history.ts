import type { Metrics } from './metrics.js'

/** A batch has been learnt. */
export interface BatchEvent {
  /** The epoch, counted from 0. */
  readonly epoch: number
  /** The batch inside the epoch, counted from 0. */
  readonly batch: number
  /** Batches of an epoch; absent where they come from a source that did not say how many. */
  readonly batches?: number
  /** Rows of the epoch that were learnt, this batch included. */
  readonly rows: number
  /** Optimiser steps done, this one included. */
  readonly step: number
  /** The loss of this batch, with dropout on, before the step. */
  readonly loss: number
  /** The mean loss of the epoch's batches so far, this one included. */
  readonly meanLoss: number
}

/** An epoch has ended. */
export interface EpochEvent {
  /** The epoch, counted from 0. */
  readonly epoch: number
  /** Epochs of the run. */
  readonly epochs: number
  /** The mean loss of the epoch's batches, each before its step and with dropout on. */
  readonly loss: number
  /** The metrics of the epoch's batches, likewise. */
  readonly metrics: Metrics
  /** The loss on the validation data after the epoch, with dropout off; absent without validation data. */
  readonly validationLoss?: number
  /** The metrics on the validation data, likewise. */
  readonly validationMetrics?: Metrics
  /** The learning rate of the epoch's last step. */
  readonly learningRate: number
  /** Wall time of the epoch. */
  readonly seconds: number
}

/** The course of a training run; a plain value. */
export interface History {
  /** One entry for every epoch that ended, those before a resumption included. */
  readonly epochs: readonly EpochEvent[]
  /** Optimiser steps done. */
  readonly steps: number
  /** The epoch whose monitored figure was best; absent without early stopping. */
  readonly bestEpoch?: number
  /** Whether the run ended before its last epoch, by early stopping or by `onEpoch`. */
  readonly stoppedEarly: boolean
  /** Wall time of all parts of the run. */
  readonly seconds: number
}

/** The history of a run that never began. */
export const NO_HISTORY: History = Object.freeze({
  epochs: Object.freeze([]),
  steps: 0,
  stoppedEarly: false,
  seconds: 0,
})

import type { Quantiles } from '../plot/spread.js'

/** Everything the demo finds out: what `--json` prints, and what the report is drawn from. */
export interface DemoResult {
  /** Version of the package. */
  readonly version: string
  /** A decimal string, since JSON numbers end at 2^53. */
  readonly seed: string
  readonly cases: {
    readonly all: number
    readonly malignant: number
    readonly training: number
    readonly validation: number
    readonly test: number
  }
  readonly training: {
    /** Features, hidden units, outputs. */
    readonly widths: readonly number[]
    readonly rate: number
    readonly epochs: number
    readonly batchSize: number
    readonly learningRate: number
  }
  /** Mean loss of each epoch, in nats; the training loss is measured on the way, with dropout on. */
  readonly curves: { readonly withoutDropout: Curves; readonly withDropout: Curves }
  /** Monte Carlo passes of each test case. */
  readonly passes: number
  /** Measured on the test cases. */
  readonly test: TestScores
  /** The test cases of the largest predictive entropy, the least certain first. */
  readonly leastCertain: readonly UncertainCase[]
  readonly declined: Declined
  readonly acrossSplits: AcrossSplits
}

/** The two networks, and the mean of the Monte Carlo passes of the one with dropout. */
export interface TestScores {
  readonly withoutDropout: Scores
  readonly withDropout: Scores
  readonly monteCarlo: Scores
}

/** What it brings to decline the test cases of the largest predictive entropy. */
export interface Declined {
  /** Share and number of the cases that were declined. */
  readonly share: number
  readonly cases: number
  /** Accuracy of the Monte Carlo mean on all test cases, and on those that are left. */
  readonly accuracyOfAll: number
  readonly accuracyOfRest: number
  /** How well predictive entropy tells wrong predictions from right ones; null where there is none of one kind. */
  readonly aurocOfErrors: number | null
}

/** The same experiment on several splits: that of the seed and those of the seeds that follow it. */
export interface AcrossSplits {
  readonly splits: number
  /** Mean scores on the splits' test cases. */
  readonly mean: TestScores
  /** On how many splits the log loss was lower than without dropout. */
  readonly lowerLogLoss: { readonly withDropout: number; readonly monteCarlo: number }
  readonly declined: Pick<Declined, 'accuracyOfAll' | 'accuracyOfRest'>
}

export interface Curves {
  readonly training: readonly number[]
  readonly validation: readonly number[]
}

export interface Scores {
  readonly accuracy: number
  /** Nats. */
  readonly logLoss: number
  readonly auroc: number
  readonly calibrationError: number
}

/** One test case and what the passes said about the probability that it is malignant. */
export interface UncertainCase {
  /** Row of the data file, from 0, without the header. */
  readonly row: number
  readonly diagnosis: string
  readonly mean: number
  readonly standardDeviation: number
  readonly quantiles: Quantiles
  /** Nats. */
  readonly predictiveEntropy: number
  /** Nats; what the passes disagree about. */
  readonly mutualInformation: number
}

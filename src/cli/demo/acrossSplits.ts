import { declineLeastCertain } from './declining.js'
import type { AcrossSplits, Scores, TestScores } from './result.js'
import type { Trial } from './trial.js'

/** Means over splits, and how often dropout was better: one split alone says little about a method. */
export function acrossSplits(trials: readonly Trial[]): AcrossSplits {
  const scores = trials.map((trial) => trial.scores)
  const declined = trials.map(declineLeastCertain)
  const lower = (network: keyof TestScores) =>
    scores.filter((score) => score[network].logLoss < score.withoutDropout.logLoss).length
  return {
    splits: trials.length,
    mean: {
      withoutDropout: meanScores(scores.map(({ withoutDropout }) => withoutDropout)),
      withDropout: meanScores(scores.map(({ withDropout }) => withDropout)),
      monteCarlo: meanScores(scores.map(({ monteCarlo }) => monteCarlo)),
    },
    lowerLogLoss: { withDropout: lower('withDropout'), monteCarlo: lower('monteCarlo') },
    declined: {
      accuracyOfAll: mean(declined.map(({ accuracyOfAll }) => accuracyOfAll)),
      accuracyOfRest: mean(declined.map(({ accuracyOfRest }) => accuracyOfRest)),
    },
  }
}

function meanScores(scores: readonly Scores[]): Scores {
  return {
    accuracy: mean(scores.map(({ accuracy }) => accuracy)),
    logLoss: mean(scores.map(({ logLoss }) => logLoss)),
    auroc: mean(scores.map(({ auroc }) => auroc)),
    calibrationError: mean(scores.map(({ calibrationError }) => calibrationError)),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

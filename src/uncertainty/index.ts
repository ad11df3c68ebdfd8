/**
 * How good are probabilities, and does uncertainty tell mistakes apart? Pure functions over labels and predictions.
 *
 * @module
 */
export { accuracy } from './accuracy.js'
export { auroc } from './auroc.js'
export { brier } from './brier.js'
export { expectedCalibrationError } from './expectedCalibrationError.js'
export { negativeLogLikelihood } from './negativeLogLikelihood.js'
export type { Labels, Probabilities } from './probabilities.js'
export { type ReliabilityBin, type ReliabilityOptions, reliability } from './reliability.js'
export { type RiskCoverage, riskCoverage } from './riskCoverage.js'

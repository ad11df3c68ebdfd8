import { argumentError, mismatch } from '../errors.js'
import { checkNumbers } from './numbers.js'

/**
 * Predicted probabilities of `n` rows, row-major, as `predict` and the `mean` of `predictMonteCarlo` return them:
 * `n x classes`, or `n x 1` where the one column is the probability of class 1 (a sigmoid output).
 */
export type Probabilities = ArrayLike<number>

/** The true class of each row, counted from 0: `n` integers. */
export type Labels = ArrayLike<number>

/** What is predicted for one row. */
export interface Top {
  /** The most probable class; the lowest one where several are equally probable. */
  readonly label: number
  /** Its probability. */
  readonly confidence: number
}

/** How far the probabilities of a row may add up to something else than 1: rounding of f32, never logits. */
const SUM_TOLERANCE = 1e-3

/** Checked probabilities with their labels; what every measure of this room reads. */
export class Predictions {
  readonly rows: number
  /** Columns of the probabilities: the number of classes, or 1 for the probability of class 1. */
  readonly columns: number
  readonly #labels: Labels
  readonly #probabilities: Probabilities

  /**
   * @throws `ERR_TYPE` for what is no list of numbers, `ERR_EMPTY` for an empty one, `ERR_SHAPE` where the lengths do
   * not fit, `ERR_LABEL` for a label that is no class, `ERR_RANGE` for probabilities outside `[0, 1]` or rows that do
   * not add up to 1 (logits, for instance).
   */
  constructor(labels: Labels, probabilities: Probabilities) {
    checkNumbers(labels, 'labels')
    checkNumbers(probabilities, 'probabilities')
    const columns = probabilities.length / labels.length
    if (!Number.isInteger(columns)) {
      const allowed = `${labels.length} x classes, a row for each label`
      throw argumentError('ERR_SHAPE', 'probabilities.length', probabilities.length, allowed)
    }
    this.rows = labels.length
    this.columns = columns
    this.#labels = labels
    this.#probabilities = probabilities
    this.#check()
  }

  /** The number of classes. */
  get classes(): number {
    return Math.max(2, this.columns)
  }

  /** The true class of a row. */
  label(row: number): number {
    return this.#labels[row]!
  }

  /** The predicted probability of a class. */
  probability(row: number, label: number): number {
    if (this.columns > 1) return this.#probabilities[row * this.columns + label]!
    const ofClassOne = this.#probabilities[row]!
    return label === 1 ? ofClassOne : 1 - ofClassOne
  }

  /** The most probable class of a row. */
  top(row: number): Top {
    let label = 0
    let confidence = this.probability(row, 0)
    for (let other = 1; other < this.classes; other++) {
      const probability = this.probability(row, other)
      if (probability > confidence) {
        label = other
        confidence = probability
      }
    }
    return { label, confidence }
  }

  #check(): void {
    for (let row = 0; row < this.rows; row++) {
      const label = this.#labels[row]!
      if (!Number.isInteger(label) || label < 0 || label >= this.classes) {
        throw argumentError(
          'ERR_LABEL',
          `labels[${row}]`,
          label,
          `a class index from 0 to ${this.classes - 1}`,
        )
      }
      let sum = 0
      for (let column = 0; column < this.columns; column++) {
        const index = row * this.columns + column
        const probability = this.#probabilities[index]!
        if (!(probability >= 0 && probability <= 1)) {
          throw argumentError('ERR_RANGE', `probabilities[${index}]`, probability, 'a number from 0 to 1')
        }
        sum += probability
      }
      if (this.columns > 1 && Math.abs(sum - 1) > SUM_TOLERANCE) {
        throw mismatch('ERR_RANGE', 'probabilities', `a sum of ${sum} in row ${row}`, 'rows that add up to 1')
      }
    }
  }
}

import type { Size } from './networks.js'

/** What a comparison of the networks may cost. */
export interface Budget extends Size {
  /** Training images; the rest is left out. */
  readonly rows: number
  readonly epochs: number
  /** Runs of each network, each from a seed of its own. */
  readonly seeds: number
}

/** Budgets by name. */
export const BUDGETS = {
  /** The networks of the paper on all images, for few epochs: some ten minutes on two cores. */
  full: { units: 1024, hiddenLayers: 3, rows: 60_000, epochs: 10, seeds: 1 },
  /** Smaller networks, within a minute on two cores. */
  minute: { units: 512, hiddenLayers: 2, rows: 60_000, epochs: 5, seeds: 1 },
  /** A few images: to see it work. */
  seconds: { units: 256, hiddenLayers: 2, rows: 6000, epochs: 12, seeds: 1 },
} as const satisfies Record<string, Budget>

/** The name of a budget. */
export type BudgetName = keyof typeof BUDGETS

/** All names, for the command line. */
export const BUDGET_NAMES = Object.keys(BUDGETS) as BudgetName[]

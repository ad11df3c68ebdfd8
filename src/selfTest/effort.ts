/** How much a self-test draws. */
export interface Effort {
  /** Chunks of 2^20 lanes of each rate. */
  readonly rates: number
  /** Pairs of 2^16 lanes of each relation. */
  readonly pairs: number
  /** Masks whose lanes are counted one by one. */
  readonly masks: number
  /** Seeds whose counts are compared. */
  readonly seeds: number
  /** Rows of each structured mask. */
  readonly rows: number
}

/** What {@link SelfTestEffort} names. */
export const EFFORTS = {
  quick: { rates: 32, pairs: 32, masks: 8192, seeds: 500, rows: 16_384 },
  normal: { rates: 256, pairs: 512, masks: 65_536, seeds: 4000, rows: 65_536 },
  thorough: { rates: 4096, pairs: 8192, masks: 1_048_576, seeds: 32_000, rows: 524_288 },
} as const satisfies Record<string, Effort>

/** `'quick'`: under a second. `'normal'`: a few seconds. `'thorough'`: about a minute. */
export type SelfTestEffort = keyof typeof EFFORTS

/** The names of {@link EFFORTS}. */
export const EFFORT_NAMES = Object.keys(EFFORTS) as SelfTestEffort[]

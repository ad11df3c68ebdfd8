import fc from 'fast-check'

/** Labels 0 and 1 with the predicted probability of class 1, never exactly 0 or 1. */
export const binary = fc
  .array(
    fc.record({ label: fc.integer({ min: 0, max: 1 }), probability: fc.integer({ min: 1, max: 999 }) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((rows) => ({
    labels: rows.map(({ label }) => label),
    probabilities: rows.map(({ probability }) => probability / 1000),
  }))

/** The two conventions of what keeps the expected value right. */
export const SCALINGS = ['inverted', 'standard'] as const

/**
 * What keeps the expected value right. `'inverted'` divides what is kept by the keep probability in training and
 * leaves inference alone; `'standard'` (Srivastava et al. 2014) leaves training alone and multiplies by the keep
 * probability in inference.
 */
export type Scaling = (typeof SCALINGS)[number]

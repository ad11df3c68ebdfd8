/** The activation functions by name. */
export const ACTIVATIONS = [
  'identity',
  'relu',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'geluTanh',
  'silu',
  'softplus',
  'tanh',
  'sigmoid',
  'softmax',
] as const

/**
 * An activation function; conventions are PyTorch's: `leakyRelu` has slope 0.01, `gelu` is exact and `geluTanh` its
 * approximation, `elu` has alpha 1, `softmax` works on the units of a row.
 */
export type Activation = (typeof ACTIVATIONS)[number]

/** The initialisers by name. */
export const INITIALIZERS = [
  'dropoutAware',
  'heNormal',
  'heUniform',
  'glorotNormal',
  'glorotUniform',
  'zeros',
] as const

/**
 * How a layer's weights are drawn. With `n` inputs and `m` outputs of a layer:
 *
 * | name | variance |
 * |---|---|
 * | `dropoutAware` | `q / (n E f^2)`: `2q / n` for ReLU, `q` the keep rate of the inverted dropout that feeds the layer |
 * | `heNormal`, `heUniform` | `2 / n` (He et al. 2015) |
 * | `glorotNormal`, `glorotUniform` | `2 / (n + m)` (Glorot & Bengio 2010) |
 * | `zeros` | 0 |
 */
export type Initializer = (typeof INITIALIZERS)[number]

/** Who may have masks of its own, by name. */
export const SHARES = ['none', 'batch'] as const

/** Who has masks of its own: every row, or every step. */
export type Share = (typeof SHARES)[number]

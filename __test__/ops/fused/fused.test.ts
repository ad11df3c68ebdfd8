import test, { type ExecutionContext } from 'ava'
import {
  biasActivationDropout,
  biasActivationDropoutBackward,
  biasActivationDropoutLayerNorm,
  biasActivationDropoutLayerNormBackward,
  dropout,
  type ElementwiseActivation,
  type Floats,
  softmaxDropout,
  softmaxDropoutBackward,
} from '../../../src/index.js'
import { throwsCode, untyped } from '../../throws.js'
import { ACTIVATIONS, factors, layerNorm, numbers, slopes, softmax } from './naive.js'

const SHAPES = [
  [1, 1, 1],
  [3, 1, 7],
  [2, 5, 33],
  [5, 2, 130],
  [2, 1, 4101],
] as const
const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as ElementwiseActivation[]

function close(t: ExecutionContext, got: Floats, expected: readonly number[], what: string): void {
  const tolerance = got.BYTES_PER_ELEMENT === 4 ? 2e-6 : 1e-12
  t.is(got.length, expected.length, what)
  const wrong = expected.findIndex(
    (value, i) => !(Math.abs(value - (got[i] as number)) <= tolerance * Math.max(1, Math.abs(value))),
  )
  t.is(wrong, -1, `${what}, element ${wrong}: ${got[wrong]} for ${expected[wrong]}`)
}

function near(t: ExecutionContext, got: Floats, expected: readonly number[], what: string): void {
  const wrong = expected.findIndex(
    (value, i) => !(Math.abs(value - (got[i] as number)) <= 1e-7 * Math.max(1, Math.abs(value))),
  )
  t.is(wrong, -1, `${what}, element ${wrong}: ${got[wrong]} for ${expected[wrong]}`)
}

/** The arrays of a case in one precision, and as plain numbers. */
function arrays(shape: readonly [number, number, number], Class: typeof Float32Array | typeof Float64Array) {
  const [n, features] = [shape[0] * shape[1] * shape[2], shape[2]]
  const make = (length: number, salt: number) => Class.from(numbers(length, salt)) as Floats
  const ids = Array.from({ length: shape[0] }, (_, row) => row * 13 + 5)
  return {
    x: make(n, 1),
    residual: make(n, 2),
    dy: make(n, 3),
    bias: make(features, 4),
    gamma: make(features, 5),
    beta: make(features, 6),
    options: { rate: 0.3, seed: 9n, shape, ids },
  }
}

for (const Class of [Float32Array, Float64Array]) {
  test(`${Class.name}: forward passes equal plain loops`, (t) => {
    for (const shape of SHAPES) {
      for (const activation of shape[2] > 4096 ? (['gelu'] as const) : ACTIVATION_NAMES) {
        const { x, bias, residual, gamma, beta, options } = arrays(shape, Class)
        const kept = factors({ ...options, ids: options.ids })
        const f = ACTIVATIONS[activation]
        const dropped = Array.from(x, (x, i) => (kept[i] as number) * f(x + (bias[i % shape[2]] as number)))
        const z = dropped.map((value, i) => value + (residual[i] as number))
        const what = `${activation} ${shape}`
        close(t, biasActivationDropout(x, { ...options, bias, activation }), dropped, what)
        close(t, biasActivationDropout(x, { ...options, bias, activation, residual }), z, what)
        if (shape[2] === 1) continue // a vector of one element is its own mean
        const { y } = biasActivationDropoutLayerNorm(x, {
          ...options,
          bias,
          activation,
          residual,
          gamma,
          beta,
        })
        const expected = layerNorm(z, shape[2], Array.from(gamma), Array.from(beta))
        const error = Math.max(...expected.map((value, i) => Math.abs(value - (y[i] as number))))
        t.true(error < (Class === Float32Array ? 5e-5 : 1e-11), `layer norm ${what}: ${error}`)
      }
    }
  })

  test(`${Class.name}: softmax and dropout equal plain loops`, (t) => {
    for (const shape of SHAPES) {
      const { x, options } = arrays(shape, Class)
      const kept = factors(options)
      const s = softmax(
        Array.from(x, (x) => 0.7 * x),
        shape[2],
      )
      const expected = s.map((value, i) => value * (kept[i] as number))
      close(t, softmaxDropout(x, { ...options, scale: 0.7 }), expected, `${shape}`)
      const y = softmaxDropout(x, { ...options, scale: 0.7, renormalize: true })
      for (let i = 0; i < x.length; i += shape[2]) {
        const alone = s.slice(i, i + shape[2]).map((value, j) => (kept[i + j] === 0 ? 0 : value))
        const total = alone.reduce((a, b) => a + b)
        const vector = alone.map((value) => (total === 0 ? 0 : value / total))
        close(t, y.subarray(i, i + shape[2]), vector, `renormalized ${shape}`)
      }
    }
  })
}

test('gradients equal central differences', (t) => {
  const shape = [2, 2, 5] as const
  const a = arrays(shape, Float64Array)
  const [x, dy, bias, residual] = [a.x, a.dy, a.bias, a.residual].map((values) =>
    Array.from(values),
  ) as number[][]
  for (const activation of ACTIVATION_NAMES) {
    const all = { ...a.options, activation, bias: a.bias, residual: a.residual } as const
    const forward = (changed: object) => biasActivationDropout(a.x, { ...all, ...changed }) as Float64Array
    const { dx, dBias } = biasActivationDropoutBackward(a.dy, { ...all, x: a.x })
    near(
      t,
      dx,
      slopes(x!, dy!, (x) => biasActivationDropout(x, all as never) as Float64Array),
      activation,
    )
    near(
      t,
      dBias,
      slopes(bias!, dy!, (bias) => forward({ bias })),
      `${activation}, bias`,
    )

    const norm = { ...all, gamma: a.gamma, beta: a.beta }
    const { mean, inverseDeviation } = biasActivationDropoutLayerNorm(a.x, norm)
    const gradients = biasActivationDropoutLayerNormBackward(a.dy, {
      ...norm,
      x: a.x,
      mean,
      inverseDeviation,
    })
    const y = (input: Floats, changed: object) =>
      biasActivationDropoutLayerNorm(input, { ...norm, ...changed }).y as Float64Array
    near(
      t,
      gradients.dx,
      slopes(x!, dy!, (x) => y(x, {})),
      `norm ${activation}`,
    )
    near(
      t,
      gradients.dBias,
      slopes(bias!, dy!, (bias) => y(a.x, { bias })),
      `norm ${activation}, bias`,
    )
    near(
      t,
      gradients.dResidual!,
      slopes(residual!, dy!, (residual) => y(a.x, { residual })),
      'residual',
    )
    near(
      t,
      gradients.dGamma,
      slopes(Array.from(a.gamma), dy!, (gamma) => y(a.x, { gamma })),
      'gamma',
    )
    near(
      t,
      gradients.dBeta,
      slopes(Array.from(a.beta), dy!, (beta) => y(a.x, { beta })),
      'beta',
    )
  }
  for (const renormalize of [false, true]) {
    const all = { ...a.options, scale: 0.7, renormalize }
    const expected = slopes(x!, dy!, (x) => softmaxDropout(x, all))
    near(t, softmaxDropoutBackward(a.dy, { ...all, x: a.x }), expected, 'softmax')
  }
})

test('the mask is that of dropout, and a row keeps it in any batch', (t) => {
  const { x, options } = arrays([6, 3, 50], Float32Array)
  const y = biasActivationDropout(x, options)
  t.deepEqual(y, dropout(x, options))
  const row = { ...options, shape: [1, 3, 50], ids: options.ids.slice(4, 5) }
  t.deepEqual(biasActivationDropout(x.slice(600, 750), row), y.slice(600, 750))
  const weights = softmaxDropout(x, options)
  t.deepEqual(softmaxDropout(x.slice(600, 750), row), weights.slice(600, 750))
})

test('in place is out of place', (t) => {
  const { x, residual, dy, bias, options } = arrays([4, 2, 35], Float32Array)
  const all = { ...options, bias, activation: 'gelu' } as const
  const y = biasActivationDropout(x, { ...all, residual })
  for (const name of ['x', 'residual'] as const) {
    const copies = { x: x.slice(), residual: residual.slice() }
    const out = copies[name]
    t.is(biasActivationDropout(copies.x, { ...all, residual: copies.residual, out }), out)
    t.deepEqual(out, y)
  }
  const { dx, dBias } = biasActivationDropoutBackward(dy, { ...all, x })
  const out = dy.slice()
  const inPlace = biasActivationDropoutBackward(out, { ...all, x, out })
  t.is(inPlace.dx, out)
  t.deepEqual(inPlace, { dx, dBias })
  const weights = x.slice()
  t.deepEqual(softmaxDropout(weights, { ...options, out: weights }), softmaxDropout(x, options))
})

test('what is dropped does not leak, and rate 1 leaves the residual', (t) => {
  const { x, residual, dy, options } = arrays([3, 2, 40], Float32Array)
  const kept = factors(options)
  const clean = biasActivationDropout(x, { ...options, activation: 'tanh', residual })
  const poisoned = x.map((value, i) => (kept[i] === 0 ? [Number.NaN, Infinity, -Infinity][i % 3]! : value))
  t.deepEqual(biasActivationDropout(poisoned, { ...options, activation: 'tanh', residual }), clean)
  const { dx, dBias } = biasActivationDropoutBackward(dy, { ...options, activation: 'tanh', x: poisoned })
  t.true(dx.every((value, i) => (kept[i] === 0 ? Object.is(value, 0) : Number.isFinite(value))))
  t.true(dBias.every(Number.isFinite))

  const all = { ...options, rate: 1, residual }
  t.deepEqual(biasActivationDropout(poisoned, all), residual)
  const gradients = biasActivationDropoutBackward(dy, { ...all, x: poisoned })
  t.true([...gradients.dx, ...gradients.dBias].every((value) => Object.is(value, 0)))
})

test('inference drops nothing', (t) => {
  const { x, dy, options } = arrays([3, 1, 8], Float64Array)
  t.deepEqual(biasActivationDropout(x, { ...options, training: false }), x)
  t.deepEqual(biasActivationDropoutBackward(dy, { ...options, training: false, x }).dx, dy)
  const half = biasActivationDropout(x, { ...options, rate: 0.5, training: false, scaling: 'standard' })
  t.deepEqual(half, x.map((value) => value / 2) as Float64Array)
})

test('empty arrays are worked off', (t) => {
  const [x, bias] = [new Float32Array(0), new Float32Array(4)]
  const options = { rate: 0.5, seed: 1, shape: [0, 4], bias }
  t.is(biasActivationDropout(x, options).length, 0)
  t.deepEqual(biasActivationDropoutBackward(x, { ...options, x }).dBias, bias)
})

test('bad arguments are refused before anything is written', (t) => {
  const x = new Float32Array(12).fill(1)
  const options = { rate: 0.5, seed: 7, shape: [2, 6] }
  const refused = (changed: object, code: Parameters<typeof throwsCode>[2], text: string) =>
    throwsCode(t, () => biasActivationDropout(x, { ...options, ...changed, out: x }), code, text)
  refused({ shape: undefined }, 'ERR_TYPE', '`shape` must be an array of two sizes at least')
  refused({ shape: [12] }, 'ERR_SHAPE', '`shape` must be an array of two sizes at least')
  refused({ shape: [3, 6] }, 'ERR_SHAPE', '`shape` must be')
  refused(
    { bias: new Float32Array(5) },
    'ERR_SHAPE',
    '`bias` must be 6 elements, one for each feature; got 5',
  )
  refused({ bias: new Float64Array(6) }, 'ERR_TYPE', '`bias` must be a Float32Array as the input is')
  refused({ residual: new Float32Array(6) }, 'ERR_SHAPE', '`residual` must be 12 elements')
  refused({ activation: 'softmax' }, 'ERR_OPTION', '`activation` must be one of')
  refused({ rate: 2 }, 'ERR_RATE', '`rate` must be')
  refused({ sample: 1 }, 'ERR_OPTION', 'has no "sample"')
  t.true(x.every((value) => value === 1))

  const all = new Float32Array(40)
  const [input, shifted] = [all.subarray(0, 12), all.subarray(4, 16)]
  const overlaps = (work: () => unknown, text: string) => throwsCode(t, work, 'ERR_OVERLAP', text)
  overlaps(
    () => biasActivationDropout(input, { ...options, out: shifted }),
    '`out` must be the same memory as `x`',
  )
  overlaps(() => biasActivationDropout(x, { ...options, residual: input, out: shifted }), 'as `residual`')
  overlaps(
    () => biasActivationDropout(input, { ...options, bias: all.subarray(3, 9), out: input }),
    '`bias` must be',
  )
  const ids = new Uint32Array(all.buffer, 0, 2)
  overlaps(() => softmaxDropout(input, { ...options, ids, out: input }), '`ids` must be')

  const norm = { ...options, gamma: new Float32Array(6), beta: new Float32Array(6) }
  const { mean, inverseDeviation } = biasActivationDropoutLayerNorm(x, norm)
  throwsCode(
    t,
    () => biasActivationDropoutLayerNorm(x, { ...norm, epsilon: 0 }),
    'ERR_RANGE',
    '`epsilon` must be',
  )
  throwsCode(
    t,
    () => biasActivationDropoutLayerNormBackward(x, { ...norm, x, mean: mean.subarray(1), inverseDeviation }),
    'ERR_SHAPE',
    '`mean` must be 2 elements, one for each vector; got 1',
  )
  throwsCode(t, () => softmaxDropout(x, { ...options, scale: -1 }), 'ERR_RANGE', '`scale` must be')
  throwsCode(t, () => softmaxDropoutBackward(x, untyped(options)), 'ERR_TYPE', '`x` must be')
})

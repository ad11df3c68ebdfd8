import test from 'ava'
import { adam, dense, dropout, flatten, parallel, residual, select, sequential } from '../../src/nn/index.js'
import { throwsCode, untyped } from '../throws.js'

const two = () =>
  sequential({
    input: { pixels: [2, 2], age: [1] },
    output: 'identity',
    seed: 3n,
    layers: [
      parallel('concatenate', [
        [select('pixels'), flatten(), dense(8, { activation: 'tanh' })],
        [select('age')],
      ]),
      residual([dense(9, { activation: 'tanh' }), dropout(0.1), dense(9)], { dropPath: 0.1 }),
      dense(1),
    ],
  })

/** age + the first pixel - the last. */
function rows(count: number) {
  const pixels = Array.from({ length: count }, (_, i) => [0, 1, 2, 3].map((j) => Math.sin(i * 4 + j)))
  const age = Array.from({ length: count }, (_, i) => [Math.cos(3 * i)])
  const y = pixels.map((row, i) => age[i]![0]! + row[0]! - row[3]!)
  return { x: { pixels, age }, y }
}

test('a model with named inputs learns from all of them, in whatever order they are named', async (t) => {
  const model = two()
  const { x, y } = rows(256)
  await model.fit({ x, y }, { epochs: 60, optimizer: adam({ learningRate: 0.01 }) })
  const { loss } = await model.evaluate({ x: { age: x.age, pixels: Float32Array.from(x.pixels.flat()) }, y })
  t.true(loss < 0.05, `${loss}`)
  const again = sequential(JSON.parse(JSON.stringify(model.config)))
  again.setParameters(model.parameters())
  t.deepEqual(again.predictSync(x), await model.predict(x))
  t.deepEqual((await model.predictMonteCarlo(x, { passes: 3 })).mean.length, 256)
})

test('named inputs that do not fit are named', (t) => {
  const model = two()
  const check = (x: unknown, code: Parameters<typeof throwsCode>[2], words: string) =>
    throwsCode(t, () => model.predictSync(untyped(x)), code, words)
  check({ pixels: [[1, 2, 3, 4]] }, 'ERR_TYPE', '`x.age`')
  check({ pixels: [[1, 2, 3]], age: [[1]] }, 'ERR_SHAPE', '`x.pixels[0]` must be a row of 4 numbers')
  check(
    { pixels: [[1, 2, 3, 4]], age: [[1], [2]] },
    'ERR_SHAPE',
    '`x.pixels` must be 2 rows, as many as x.age',
  )
  check({ pixels: [[1, 2, 3, 4]], age: [[1]], sex: [[1]] }, 'ERR_OPTION', '"sex"')
  check([[1, 2, 3, 4, 5]], 'ERR_TYPE', '`x`')
  throwsCode(t, () => model.predictSync(rows(1).x, { shape: [1, 5] }), 'ERR_OPTION', '`shape`')
  throwsCode(
    t,
    () => sequential({ input: {}, output: 'identity', layers: [dense(1)] }),
    'ERR_CONFIG',
    'at least one named input',
  )
})

test('blocks are plain values, and what is wrong in them is named by its place', (t) => {
  const block = residual([dense(4)], { dropPath: 0.5, site: 7 })
  t.deepEqual(block, { type: 'residual', layers: [{ type: 'dense', units: 4 }], dropPath: 0.5, site: 7 })
  t.deepEqual(parallel('add', [[], [dense(2)]]), {
    type: 'parallel',
    branches: [[], [{ type: 'dense', units: 2 }]],
    combine: 'add',
  })
  t.deepEqual(select('age'), { type: 'select', input: 'age' })
  throwsCode(t, () => residual([dense(4)], { dropPath: 2 }), 'ERR_RATE', '`dropPath`')
  throwsCode(t, () => residual(untyped(3)), 'ERR_TYPE', '`layers`')
  throwsCode(t, () => residual([dense(2), untyped({ type: 'dens' })]), 'ERR_OPTION', '`layers[1].type`')
  throwsCode(t, () => parallel(untyped('sum'), [[]]), 'ERR_OPTION', '`combine`')
  throwsCode(t, () => parallel('add', untyped([dense(2)])), 'ERR_TYPE', '`branches[0]`')
  throwsCode(t, () => select(''), 'ERR_TYPE', '`input`')
  const fails = (layers: Parameters<typeof sequential>[0]['layers'], words: string) =>
    throwsCode(t, () => sequential({ input: [4], output: 'identity', layers }), 'ERR_CONFIG', words)
  fails([residual([dense(3)])], 'layers[0] (residual): gets [4], but its layers give [3]')
  fails([parallel('add', [[], [dense(3)]])], 'branches[0] gives [4], but branches[1] [3]')
  fails([select('age')], 'no input `age`')
})

test('the summary names layers within blocks by their places', (t) => {
  const { layers, input } = two().summary()
  t.deepEqual(input, { age: [1], pixels: [2, 2] })
  t.deepEqual(
    layers.map(({ path, type }) => `${path} ${type}`),
    [
      '0 parallel',
      '0.0.0 select',
      '0.0.1 flatten',
      '0.0.2 dense',
      '0.1.0 select',
      '1 residual',
      '1.0 dense',
      '1.1 dropout',
      '1.2 dense',
      '2 dense',
    ],
  )
})

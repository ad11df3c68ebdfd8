import test from 'ava'
import { dense, type Loss, sequential } from '../../src/nn/index.js'
import { checkLoss } from '../../src/nn/losses.js'
import { throwsCode } from '../throws.js'

/** A model whose logits are its inputs. */
function through(output: 'softmax' | 'sigmoid' | 'identity' | 'gaussian', width: number) {
  const model = sequential({ input: [width], output, seed: 1n, layers: [dense(width, { bias: false })] })
  const unit = Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0))
  model.setParameters({ 'layers.0.weight': unit })
  return model
}

test('the loss of each output is its likelihood', async (t) => {
  const near = (got: number, expected: number) =>
    t.true(Math.abs(got - expected) < 1e-6, `${got} for ${expected}`)
  const softmax = await through('softmax', 2).evaluate({ x: [[0, Math.log(3)]], y: [1] })
  near(softmax.loss, -Math.log(0.75))
  const sigmoid = await through('sigmoid', 1).evaluate({ x: [[Math.log(3)]], y: [0] })
  near(sigmoid.loss, -Math.log(0.25))
  const identity = await through('identity', 2).evaluate({ x: [[1, 2]], y: [[3, 2]] })
  near(identity.loss, 2)
  const gaussian = await through('gaussian', 2).evaluate({ x: [[1, Math.log(4)]], y: [3] })
  near(gaussian.loss, 0.5 * (Math.log(2 * Math.PI) + Math.log(4) + 1))
})

test('class weights and label smoothing reach the core', async (t) => {
  const model = through('softmax', 2)
  const data = {
    x: [
      [0, Math.log(3)],
      [0, 0],
    ],
    y: [1, 0],
  }
  const weighted: Loss = { type: 'crossEntropy', classWeights: [3, 1] }
  const { loss } = await model.evaluate(data, { loss: weighted })
  t.true(Math.abs(loss - (-Math.log(0.75) - 3 * Math.log(0.5)) / 4) < 1e-6)
  const smoothed = await model.evaluate(data, { loss: { type: 'crossEntropy', labelSmoothing: 1 } })
  t.true(Math.abs(smoothed.loss - (-(Math.log(0.25) + Math.log(0.75)) / 2 - Math.log(0.5)) / 2) < 1e-6)
})

test('a loss is a name or an object, by default that of the output', (t) => {
  t.deepEqual(checkLoss(undefined, 'sigmoid'), { type: 'binaryCrossEntropy' })
  t.deepEqual(checkLoss('meanSquaredError', 'identity'), { type: 'meanSquaredError' })
  t.deepEqual(checkLoss({ type: 'crossEntropy', classWeights: new Float64Array([1, 2]) }, 'softmax'), {
    type: 'crossEntropy',
    classWeights: [1, 2],
  })
})

test('a loss that does not fit is refused with the way on', (t) => {
  const check = (loss: unknown) => () => checkLoss(loss, 'softmax')
  throwsCode(t, check('meanSquaredError'), 'ERR_CONFIG', "'crossEntropy' for a model with output 'softmax'")
  throwsCode(t, check('meanSquaredError'), 'ERR_CONFIG', "output 'identity'")
  throwsCode(t, check(null), 'ERR_TYPE', "`loss` must be one of 'crossEntropy'")
  throwsCode(t, check('entropy'), 'ERR_OPTION', "'crossEntropy', 'binaryCrossEntropy'")
  throwsCode(t, check({ type: 'hinge' }), 'ERR_OPTION', '`loss.type`')
  throwsCode(t, check({ type: 'meanSquaredError', classWeights: [1] }), 'ERR_OPTION', 'classWeights')
  throwsCode(t, check({ type: 'crossEntropy', classWeights: 1 }), 'ERR_TYPE', '`loss.classWeights`')
  throwsCode(t, check({ type: 'crossEntropy', classWeights: [1, -1] }), 'ERR_RANGE', '`loss.classWeights[1]`')
  throwsCode(t, check({ type: 'crossEntropy', labelSmoothing: 2 }), 'ERR_RANGE', '`loss.labelSmoothing`')
})

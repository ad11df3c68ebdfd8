import test from 'ava'
import { DropoutError } from '../../src/errors.js'
import {
  accuracy,
  brier,
  expectedCalibrationError,
  negativeLogLikelihood,
} from '../../src/uncertainty/index.js'

const measures = { accuracy, brier, expectedCalibrationError, negativeLogLikelihood }

for (const [name, measure] of Object.entries(measures)) {
  const rejects = test.macro({
    exec(t, labels: number[], probabilities: number[], code: string, message: RegExp) {
      t.throws(() => measure(labels, probabilities), { instanceOf: DropoutError, code, message })
    },
    title: (problem) => `${name}: ${problem}`,
  })
  test('no rows', rejects, [], [], 'ERR_EMPTY', /labels.length/)
  test(
    'lengths that do not fit',
    rejects,
    [0, 1],
    [0.1, 0.2, 0.3],
    'ERR_SHAPE',
    /probabilities.length.*got 3/,
  )
  test('no probabilities', rejects, [0], [], 'ERR_EMPTY', /probabilities.length.*got 0/)
  test(
    'a label that is no class',
    rejects,
    [0, 2],
    [0.1, 0.2],
    'ERR_LABEL',
    /labels\[1\].*from 0 to 1; got 2/,
  )
  test('a label that is no integer', rejects, [0.5], [0.1], 'ERR_LABEL', /labels\[0\]/)
  test(
    'a number that is no probability',
    rejects,
    [0, 1],
    [0.1, 1.2],
    'ERR_RANGE',
    /probabilities\[1\].*1\.2/,
  )
  test('NaN', rejects, [0], [NaN], 'ERR_RANGE', /probabilities\[0\]/)
  test(
    'rows that do not add up to 1',
    rejects,
    [0, 1],
    [0.5, 0.5, 0.5, 0.6],
    'ERR_RANGE',
    /add up to 1.*row 1/,
  )
}

import test from 'ava'
import { BrailleCanvas } from '../../../src/cli/plot/braille.js'

test('each dot of a cell is its bit of the Unicode block', (t) => {
  const at = (x: number, y: number) => {
    const canvas = new BrailleCanvas(1, 1)
    canvas.dot(x, y)
    return canvas.lines()[0]
  }
  t.is([0, 1, 2, 3].map((y) => at(0, y)).join(''), '⠁⠂⠄⡀')
  t.is([0, 1, 2, 3].map((y) => at(1, y)).join(''), '⠈⠐⠠⢀')
})

test('dots of a cell add up, empty cells are spaces, dots outside are ignored', (t) => {
  const canvas = new BrailleCanvas(2, 2)
  for (const [x, y] of [
    [0, 0],
    [0, 3],
    [3, 7],
    [-1, 0],
    [4, 0],
    [0, -1],
    [0, 8],
  ] as const)
    canvas.dot(x, y)
  t.deepEqual(canvas.lines(), ['⡁ ', ' ⢀'])
})

test('the last colour of a cell wins', (t) => {
  const canvas = new BrailleCanvas(1, 1)
  canvas.dot(0, 0, (text) => `<${text}>`)
  canvas.dot(1, 0, (text) => `[${text}]`)
  t.deepEqual(canvas.lines(), ['[⠉]'])
})

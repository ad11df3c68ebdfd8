import { type Rival, ramp } from '../workload.js'

/** The loop one would write without a library: a random number an element. */
export const plainJavaScript: Rival = {
  name: 'plain JavaScript',

  dropout({ elements, rate }) {
    const x = ramp(elements)
    const run = () => drop(x, rate, new Float32Array(elements))
    return { run, result: run }
  },

  dropoutInto({ elements, rate }) {
    const x = ramp(elements)
    const y = new Float32Array(elements)
    const run = () => drop(x, rate, y)
    return { run, result: run }
  },

  dropoutAndBackward({ elements, rate }) {
    const x = ramp(elements)
    const dy = ramp(elements)
    const run = () => {
      const y = drop(x, rate, new Float32Array(elements))
      return backward(y, dy, rate)
    }
    return { run, result: run }
  },
}

function drop(x: Float32Array, rate: number, y: Float32Array): Float32Array {
  const scale = 1 / (1 - rate)
  for (let index = 0; index < x.length; index++) y[index] = Math.random() < rate ? 0 : x[index]! * scale
  return y
}

/** The input has no zeros, so a zero in the output says "dropped": no mask need be kept. */
function backward(y: Float32Array, dy: Float32Array, rate: number): Float32Array {
  const scale = 1 / (1 - rate)
  const dx = new Float32Array(dy.length)
  for (let index = 0; index < dy.length; index++) dx[index] = y[index] === 0 ? 0 : dy[index]! * scale
  return dx
}

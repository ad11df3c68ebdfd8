import { type Rival, ramp } from '../workload.js'

/** Copying without dropping: what moving the memory alone costs. The lower bound of the rows about elements. */
export const copy: Rival = {
  name: 'copy only',

  dropout({ elements }) {
    const x = ramp(elements)
    const run = () => x.slice()
    return { run, result: run }
  },

  dropoutInto({ elements }) {
    const x = ramp(elements)
    const y = new Float32Array(elements)
    const run = () => {
      y.set(x)
      return y
    }
    return { run, result: run }
  },
}

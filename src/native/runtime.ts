import { fromNative } from '../errors.js'
import { native } from './load.js'

/** The instruction sets that there are kernels for. */
export type InstructionSet = 'portable' | 'avx2' | 'avx512' | 'neon'

/** What the kernels run on. */
export interface Runtime {
  /** The instruction set in use. */
  readonly instructionSet: InstructionSet
  /** The threads that large calls are split over. */
  readonly threads: number
}

/**
 * What the kernels run on: the widest instruction set and all the threads of the machine, unless the environment
 * variables `INVERTED_DROPOUT_ISA` and `INVERTED_DROPOUT_THREADS` say otherwise. Results never depend on either.
 *
 * @throws {DropoutError} `ERR_ISA` or `ERR_THREADS` if a variable asks for what this machine does not have.
 */
export function runtime(): Runtime {
  try {
    return { instructionSet: native.instructionSet(), threads: native.threads() }
  } catch (error) {
    throw fromNative(error)
  }
}

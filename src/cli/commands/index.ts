import type { Command } from 'commander'
import type { Host } from '../host.js'
import { addDemo } from './demo.js'
import { addSelfTest } from './selfTest.js'

/** Adds a command to the program. */
export type AddCommand = (program: Command, host: Host) => void

/** Every command, one file each. */
export const commands: readonly AddCommand[] = [addDemo, addSelfTest]

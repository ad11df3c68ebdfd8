import type { Command } from 'commander'
import type { Host } from '../host.js'
import { addDemo } from './demo.js'

/** Every command, one file each: a function that adds it to the program. */
export const commands: readonly ((program: Command, host: Host) => void)[] = [addDemo]

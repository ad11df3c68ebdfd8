import pc from 'picocolors'
import { type Environment, isTerminal, type Output } from '../../terminal/output.js'

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>

/**
 * Colours for one stream: on a terminal, unless `NO_COLOR` is set (https://no-color.org) or the terminal is dumb;
 * anywhere when `FORCE_COLOR` is set.
 */
export function colorsFor(output: Output, environment: Environment): Colors {
  if (environment['NO_COLOR']) return pc.createColors(false)
  if (environment['FORCE_COLOR']) return pc.createColors(environment['FORCE_COLOR'] !== '0')
  return pc.createColors(isTerminal(output, environment))
}

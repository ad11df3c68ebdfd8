import type { Host, Output } from '../host.js'
import { isTerminal } from './terminal.js'

/** Says how far a longer task is. */
export interface Progress {
  /** What is being done now, and which share of it is done, from 0 to 1. */
  update(task: string, done: number): void
  /** Takes the line away; nothing may be reported after it. */
  end(): void
}

/** How often a line on a terminal is drawn anew at most, in milliseconds. */
const REDRAW = 50

/** How often a line is written where nobody watches, in milliseconds. */
const SPARSE = 5000

const BAR_WIDTH = 24
const DEFAULT_COLUMNS = 80

/** One redrawn line on a terminal; elsewhere a line for each new task, and one every few seconds in a long one. */
export function createProgress(
  output: Output,
  environment: Host['environment'],
  now: () => number = () => performance.now(),
): Progress {
  return isTerminal(output, environment) ? redrawnLine(output, now) : sparseLines(output, now)
}

function redrawnLine(output: Output, now: () => number): Progress {
  let drawn = -Infinity
  let shownTask = ''
  return {
    update(task, done) {
      if (task === shownTask && done < 1 && now() - drawn < REDRAW) return
      drawn = now()
      shownTask = task
      const filled = Math.round(done * BAR_WIDTH)
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
      // A line that wraps cannot be redrawn.
      const line = `${bar} ${percent(done)} ${task}`.slice(0, (output.columns ?? DEFAULT_COLUMNS) - 1)
      output.write(`\r${line}\x1b[K`)
    },
    end() {
      if (shownTask !== '') output.write('\r\x1b[K')
    },
  }
}

function sparseLines(output: Output, now: () => number): Progress {
  let written = 0
  let shownTask = ''
  return {
    update(task, done) {
      const isNew = task !== shownTask
      if (!isNew && now() - written < SPARSE) return
      written = now()
      shownTask = task
      output.write(isNew ? `${task}\n` : `${task}: ${percent(done).trim()}\n`)
    },
    end() {},
  }
}

function percent(done: number): string {
  return `${Math.floor(done * 100)} %`.padStart(5)
}

import { type Environment, isTerminal, type Output } from '../../terminal/output.js'
import { bar, RedrawnLine } from '../../terminal/redrawnLine.js'

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

/** One redrawn line on a terminal; elsewhere a line for each new task, and one every few seconds in a long one. */
export function createProgress(
  output: Output,
  environment: Environment,
  now: () => number = () => performance.now(),
): Progress {
  return isTerminal(output, environment) ? redrawnLine(output, now) : sparseLines(output, now)
}

function redrawnLine(output: Output, now: () => number): Progress {
  const line = new RedrawnLine(output, REDRAW, now)
  let shownTask = ''
  return {
    update(task, done) {
      const urgent = task !== shownTask || done >= 1
      shownTask = task
      line.draw((columns) => `${bar(done, BAR_WIDTH)} ${percent(done)} ${task}`.slice(0, columns), { urgent })
    },
    end() {
      line.clear()
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

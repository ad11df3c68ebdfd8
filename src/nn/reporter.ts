import { argumentError } from '../errors.js'
import { checkFunction } from './check.js'
import type { BatchEvent, EpochEvent } from './history.js'

/** What a reporter is told when a run begins. */
export interface Run {
  /** Epochs of the run; a resumed run begins with a later one than the first. */
  readonly epochs: number
}

/**
 * Someone who shows how a training goes, such as {@link terminalReporter}. Training does not wait for it, and what it throws
 * ends its reports with a warning of the process, and not the training.
 */
export interface Reporter {
  /** The run begins. */
  onBegin?(run: Run): void
  /** Now and then, with the latest batch. */
  onBatch?(event: BatchEvent): void
  /** An epoch has ended. */
  onEpoch?(event: EpochEvent): void
  /** The run has ended, well or not. */
  onEnd?(): void
}

const METHODS = ['onBegin', 'onBatch', 'onEpoch', 'onEnd'] as const

/** A reporter. */
export function checkReporter(value: unknown, argument: string): Reporter {
  if (typeof value !== 'object' || value === null) {
    throw argumentError('ERR_TYPE', argument, value, 'a reporter, for instance terminalReporter()')
  }
  for (const method of METHODS) {
    const given = (value as Record<string, unknown>)[method]
    if (given !== undefined) checkFunction(given, `${argument}.${method}`)
  }
  return value
}

/** The reporter with all methods, of which none throws: its first failure is its last report. */
export function quiet(reporter: Reporter): Required<Reporter> {
  let isSilent = false
  const guarded = (report: () => void): void => {
    if (isSilent) return
    try {
      report()
    } catch (error) {
      isSilent = true
      process.emitWarning(`a reporter of fit failed and reports no more: ${error}`, 'DropoutWarning')
    }
  }
  return {
    onBegin: (run) => guarded(() => reporter.onBegin?.(run)),
    onBatch: (event) => guarded(() => reporter.onBatch?.(event)),
    onEpoch: (event) => guarded(() => reporter.onEpoch?.(event)),
    onEnd() {
      guarded(() => reporter.onEnd?.())
      // The last batches may still be on their way.
      isSilent = true
    },
  }
}

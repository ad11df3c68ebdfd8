import type { Control } from '../native/binding.js'

/**
 * What a run that native threads do tells its caller. An error that a callback throws stops the run and is what its
 * promise rejects with; once the run has ended nothing is told any more.
 */
export class Callbacks {
  readonly #control: Control
  #thrown: { readonly error: unknown } | undefined
  #ended = false

  constructor(control: Control) {
    this.#control = control
  }

  /** Passes an event on, unless the run has ended: its last events may still be on their way then. */
  tell<Event>(callback: (event: Event) => unknown, event: Event): void {
    if (this.#ended) return
    try {
      callback(event)
    } catch (error) {
      this.stopBecause(error)
    }
  }

  /** Stops the run; of several errors the first one counts. */
  stopBecause(error: unknown): void {
    this.#thrown ??= { error }
    this.#control.stop()
  }

  /** The run has ended. Throws what a callback threw. */
  end(): void {
    this.#ended = true
    if (this.#thrown) throw this.#thrown.error
  }
}

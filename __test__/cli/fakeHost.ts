import type { Host } from '../../src/cli/host.js'
import type { Output } from '../../src/terminal/output.js'

/** A host that keeps what is written to it and lets the test press Ctrl-C. */
export interface FakeHost extends Host {
  readonly stdout: FakeOutput
  readonly stderr: FakeOutput
  interrupt(): void
  /** How many listeners wait for Ctrl-C. */
  readonly listeners: () => number
}

export interface FakeOutput extends Output {
  text: string
}

export function fakeOutput(options: { isTTY?: boolean; columns?: number } = {}): FakeOutput {
  return {
    ...options,
    text: '',
    write(text) {
      this.text += text
    },
  }
}

export function fakeHost(options: { isTTY?: boolean; environment?: Record<string, string> } = {}): FakeHost {
  const { isTTY = false, environment = {} } = options
  const listeners = new Set<() => void>()
  return {
    stdout: fakeOutput({ isTTY, columns: 80 }),
    stderr: fakeOutput({ isTTY, columns: 80 }),
    environment,
    onInterrupt(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    interrupt() {
      for (const listener of listeners) listener()
    },
    listeners: () => listeners.size,
  }
}

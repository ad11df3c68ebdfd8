import type { Host } from './host.js'

/**
 * Runs `work` with a signal that Ctrl-C aborts, so that it can stop at a clean point. A second Ctrl-C finds no listener
 * and ends the process the usual way.
 */
export async function interruptible<T>(host: Host, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const unsubscribe = host.onInterrupt(() => {
    unsubscribe()
    controller.abort()
  })
  try {
    return await work(controller.signal)
  } finally {
    unsubscribe()
  }
}

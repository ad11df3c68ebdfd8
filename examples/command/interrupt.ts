/**
 * Runs `work` with a signal that Ctrl-C aborts, so that it can stop at a clean point. A second Ctrl-C ends the process
 * the usual way.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort()
  process.once('SIGINT', abort)
  try {
    return await work(controller.signal)
  } finally {
    process.removeListener('SIGINT', abort)
  }
}

#!/usr/bin/env node
import { processHost } from './host.js'
import { run } from './program.js'

// A reader that has seen enough (`inverted-dropout demo | head`) closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

process.exitCode = await run(process.argv.slice(2), processHost)

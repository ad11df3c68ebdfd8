import { readFileSync } from 'node:fs'

/** The optimiser steps that a checkpoint has behind it, from its header. */
export function stepsOf(path: string): number {
  const bytes = readFileSync(path)
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()
  const { state } = (JSON.parse(header) as { __metadata__: { state: string } }).__metadata__
  return (JSON.parse(state) as { history: { steps: number } }).history.steps
}

import { readFileSync } from 'node:fs'
import type { AttentionSize, ElementSize, KernelSize, TrainingSize } from './workload.js'

/** One line of the tables. `rows.json` holds them all, for this program and for `pytorch.py` alike. */
export type Row = { readonly name: string } & (
  | ({ readonly measure: 'dropout' | 'dropoutInto' | 'dropoutAndBackward' } & ElementSize)
  | ({ readonly measure: 'kernel' } & KernelSize)
  | ({ readonly measure: 'attention' } & AttentionSize)
  | ({ readonly measure: 'attentionAndBackward' } & AttentionSize)
  | ({ readonly measure: 'trainingStep' } & TrainingSize)
)

/** The rows whose name contains `filter`. */
export function readRows(filter = ''): Row[] {
  const rows = JSON.parse(readFileSync(new URL('rows.json', import.meta.url), 'utf8')) as Row[]
  return rows.filter(({ name }) => name.includes(filter))
}

import { readDataFile } from '../dataFile.js'

/** The classes, by index: what the network estimates is the probability of the second. */
export const DIAGNOSES = ['benign', 'malignant'] as const

/** Rows with their labels and where they stand in the file. */
export interface Cases {
  /** `n x 30`, row-major. */
  readonly x: Float32Array
  /** 0 benign, 1 malignant. */
  readonly y: Int32Array
  /** Row of the file, from 0, without the header: a case's identity, whatever subset it is in. */
  readonly ids: Uint32Array
}

/** The Breast Cancer Wisconsin data; data/README.md says where they come from. */
export function readTumours(): Cases {
  const [header = '', ...lines] = readDataFile('wdbc.csv').trim().split('\n')
  const features = header.split(',').length - 1
  const rows = lines.map((line) => line.split(','))
  return {
    x: Float32Array.from(rows.flatMap((row) => row.slice(0, features).map(Number))),
    y: Int32Array.from(rows, (row) => (row[features] === DIAGNOSES[1] ? 1 : 0)),
    ids: Uint32Array.from(rows.keys()),
  }
}

/** Some of the cases, in the given order. */
export function select({ x, y, ids }: Cases, rows: readonly number[]): Cases {
  const features = x.length / y.length
  const chosen = new Float32Array(rows.length * features)
  for (const [place, row] of rows.entries()) {
    chosen.set(x.subarray(row * features, (row + 1) * features), place * features)
  }
  return {
    x: chosen,
    y: Int32Array.from(rows, (row) => y[row]!),
    ids: Uint32Array.from(rows, (row) => ids[row]!),
  }
}

/** Where a sample of numbers from 0 to 1 lies. */
export interface Quantiles {
  readonly p05: number
  readonly p25: number
  readonly median: number
  readonly p75: number
  readonly p95: number
}

/**
 * A box plot of one line on a scale from 0 to 1: a thin line over the middle 90 %, a bar over the middle half, a mark
 * at the median: `   ├───███●████──┤  `.
 */
export function spread(quantiles: Quantiles, columns: number): string {
  const at = (value: number) => Math.round(value * (columns - 1))
  const line = new Array<string>(columns).fill(' ')
  line.fill('─', at(quantiles.p05), at(quantiles.p95) + 1)
  line[at(quantiles.p05)] = '├'
  line[at(quantiles.p95)] = '┤'
  line.fill('█', at(quantiles.p25), at(quantiles.p75) + 1)
  line[at(quantiles.median)] = '●'
  return line.join('')
}

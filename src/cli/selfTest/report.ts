import type { SelfTestSubject } from '../../selfTest/part.js'
import type { SelfTestReport, SelfTestResult } from '../../selfTest/report.js'
import type { Colors } from '../terminal/colors.js'
import { packageVersion } from '../version.js'

/** What each part says of a right stream. */
const SUBJECTS: Record<SelfTestSubject, string> = {
  rates: 'masks drop what is asked for, from 1e-6 to 1 - 1e-6',
  independence: 'lanes, samples, sites, steps, passes, seeds are independent',
  positions: 'no position is favoured',
  seeds: 'counts over seeds, samples and steps spread as they should',
  blocks: 'DropBlock drops what is asked for',
  exactly: 'exactly k of n: always k, each as often',
}

/** Failed tests that are printed in full. */
const SHOWN = 10

/** Everything as one JSON object; the seed is a string, as in every JSON of this project. */
export function renderJson(report: SelfTestReport): string {
  const whole = { version: packageVersion(), ...report, seed: report.seed.toString() }
  return `${JSON.stringify(whole, null, 2)}\n`
}

/** The report as text of at most 80 columns: a line for each part, and each test that failed. */
export function renderReport(report: SelfTestReport, colors: Colors): string {
  const subjects = Object.keys(SUBJECTS) as SelfTestSubject[]
  const failed = report.tests.filter((test) => !test.passed)
  return [
    colors.bold(`Self-test of the mask stream, seed ${report.seed}, ${report.effort}`),
    '',
    colors.dim('  tests   least p   '),
    ...subjects.map((subject) => line(subject, report.tests, colors)),
    '',
    ...failures(failed, colors),
    failed.length === 0
      ? colors.green(`All ${report.tests.length} tests passed.`)
      : colors.red(`${failed.length} of ${report.tests.length} tests failed.`),
    colors.dim(`A right stream fails with probability ${report.level} (p-values: Holm's correction).`),
    '',
  ].join('\n')
}

function line(subject: SelfTestSubject, tests: readonly SelfTestResult[], colors: Colors): string {
  const own = tests.filter((test) => test.subject === subject)
  const least = own.reduce((least, { pValue }) => Math.min(least, pValue), 1)
  const mark = own.every(({ passed }) => passed) ? colors.green('✓') : colors.red('✗')
  return `${mark} ${String(own.length).padStart(5)} ${short(least).padStart(9)}   ${SUBJECTS[subject]}`
}

function failures(failed: readonly SelfTestResult[], colors: Colors): string[] {
  const sorted = failed.toSorted((a, b) => a.pValue - b.pValue)
  const lines = sorted.slice(0, SHOWN).map(({ name, statistic, pValue, trials }) => {
    return `${colors.red('✗')} ${name}\n    statistic ${short(statistic)} of ${trials}, p ${short(pValue)}`
  })
  const rest = failed.length - lines.length
  if (rest > 0) lines.push(`  and ${rest} more: see --json`)
  return lines.length === 0 ? [] : [...lines, '']
}

function short(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 1e-3
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(1)
}

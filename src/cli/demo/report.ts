import { AXIS_COLUMNS, lineChart } from '../plot/lineChart.js'
import { sideBySide } from '../plot/sideBySide.js'
import { spread } from '../plot/spread.js'
import type { Colors } from '../terminal/colors.js'
import type { AcrossSplits, Curves, DemoResult, TestScores, UncertainCase } from './result.js'

/** Size of one of the two charts, so that both fit into 80 columns. */
const CHART = { columns: 31, rows: 10, gap: 3 }
const SPREAD_COLUMNS = 40
const NAME_COLUMNS = 24
const CELL_COLUMNS = 18

/** The result as a person reads it, at most 80 columns wide. */
export function renderReport(result: DemoResult, colors: Colors): string {
  const sections = [setting(result, colors), charts(result, colors), testScores(result, colors)]
  return `${[...sections, uncertainCases(result, colors), decliningHelps(result, colors)].join('\n\n')}\n`
}

function setting({ cases, seed, training }: DemoResult, { bold }: Colors): string {
  return [
    bold('Breast Cancer Wisconsin: is a tumour malignant?'),
    `${cases.all} tumours, ${training.widths[0]} measurements each, ${cases.malignant} malignant`,
    `seed ${seed}: ${cases.training} to train, ${cases.validation} to validate, ${cases.test} to test`,
    `network ${training.widths.join('-')}, ReLU; ${training.epochs} epochs of Adam, batches of ${training.batchSize}`,
  ].join('\n')
}

function charts({ curves, training }: DemoResult, colors: Colors): string {
  const { withoutDropout, withDropout } = curves
  const top = Math.max(...withoutDropout.validation, ...withDropout.validation)
  const chart = ({ training: dotted, validation }: Curves) =>
    lineChart(
      [
        { values: dotted, dotted: true, paint: colors.cyan },
        { values: validation, paint: colors.yellow },
      ],
      { ...CHART, top, ends: ['epoch 1', String(training.epochs)] },
    )
  const title = (text: string) =>
    (' '.repeat(AXIS_COLUMNS) + text).padEnd(AXIS_COLUMNS + CHART.columns + CHART.gap)
  return [
    `${colors.bold('Loss')}   ${colors.cyan('⠂⠐⠂ training')}   ${colors.yellow('⠤⠤⠤ validation')}`,
    `${title('without dropout')}${title(`with dropout ${training.rate}`).trimEnd()}`,
    ...sideBySide(chart(withoutDropout), chart(withDropout), CHART.gap),
  ].join('\n')
}

function testScores({ test, cases, training, passes, acrossSplits }: DemoResult, { bold }: Colors): string {
  const { splits, mean, lowerLogLoss } = acrossSplits
  const head = ['without dropout', `dropout ${training.rate}`, `${passes} passes, mean`]
  return [
    tableRow(bold(`On the ${cases.test} test cases`.padEnd(NAME_COLUMNS)), head),
    ...scoreRows(test),
    bold(`Mean over ${splits} splits`),
    ...scoreRows(mean),
    tableRow('  lower log loss on', [
      '',
      `${lowerLogLoss.withDropout} of ${splits}`,
      `${lowerLogLoss.monteCarlo} of ${splits}`,
    ]),
  ].join('\n')
}

function scoreRows({ withoutDropout, withDropout, monteCarlo }: TestScores): string[] {
  const networks = [withoutDropout, withDropout, monteCarlo]
  return [
    tableRow(
      '  accuracy',
      networks.map(({ accuracy }) => percent(accuracy)),
    ),
    tableRow(
      '  log loss (nats)',
      networks.map(({ logLoss }) => logLoss.toFixed(3)),
    ),
    tableRow(
      '  AUROC',
      networks.map(({ auroc }) => auroc.toFixed(4)),
    ),
    tableRow(
      '  calibration error',
      networks.map(({ calibrationError }) => percent(calibrationError)),
    ),
  ]
}

function tableRow(name: string, cells: readonly string[]): string {
  return name.padEnd(NAME_COLUMNS) + cells.map((cell) => cell.padStart(CELL_COLUMNS)).join('')
}

function uncertainCases({ leastCertain, passes }: DemoResult, colors: Colors): string {
  const scale = `0${'malignant?'.padStart((SPREAD_COLUMNS + 10) / 2 - 1)}`.padEnd(SPREAD_COLUMNS - 1)
  return [
    colors.bold(`The ${leastCertain.length} least certain test cases, asked ${passes} times`),
    `  row  in truth    mean ± sd     ${scale}1`,
    ...leastCertain.map((uncertain) => caseLine(uncertain, colors)),
    colors.dim('  ● median, █ middle half, ├─┤ middle 90 % of the passes'),
  ].join('\n')
}

function caseLine(
  { row, diagnosis, mean, standardDeviation, quantiles }: UncertainCase,
  colors: Colors,
): string {
  const numbers = `${mean.toFixed(2)} ± ${standardDeviation.toFixed(2)}`
  const isRight = mean > 0.5 === (diagnosis === 'malignant')
  const paint = isRight ? colors.green : colors.red
  const box = paint(spread(quantiles, SPREAD_COLUMNS))
  return `${String(row).padStart(5)}  ${diagnosis.padEnd(9)}  ${numbers.padEnd(12)} ${isRight ? ' ' : '✗'} ${box}`
}

function decliningHelps({ declined, cases, acrossSplits }: DemoResult, { bold }: Colors): string {
  const line = (where: string, { accuracyOfAll, accuracyOfRest }: AcrossSplits['declined']) =>
    `  ${where.padEnd(NAME_COLUMNS)}accuracy ${percent(accuracyOfAll)} on all, ${percent(accuracyOfRest)} on the rest`
  return [
    bold(`Declining the ${percent(declined.share, 0)} least certain`),
    line(`${declined.cases} of ${cases.test}`, declined),
    line(`mean over ${acrossSplits.splits} splits`, acrossSplits.declined),
  ].join('\n')
}

function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`
}

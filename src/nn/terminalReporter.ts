import { argumentError } from '../errors.js'
import { type Environment, isTerminal, type Output } from '../terminal/output.js'
import { bar, RedrawnLine } from '../terminal/redrawnLine.js'
import { checkFields } from './check.js'
import type { BatchEvent, EpochEvent } from './history.js'
import { Pace } from './pace.js'
import type { Reporter } from './reporter.js'

/** The options of {@link terminalReporter}. */
export interface TerminalReporterOptions {
  /**
   * Where the report is written: a Node stream, or anything with its `write`, `isTTY` and `columns`.
   *
   * @default process.stderr
   */
  readonly output?: Output | undefined
}

/**
 * Shows a training as Keras does. On a terminal one line is redrawn, ten times a second at most, with a bar, the mean loss
 * of the epoch so far, rows a second and the time that the run still takes; when the epoch has ended it becomes a lasting
 * line with loss, metrics and those of the validation data. Elsewhere (a file, a CI job) there is a line for each epoch.
 *
 * Lines fit the width of the terminal, and `NO_COLOR` takes the colours away. A stream that cannot be written to any more
 * is left alone.
 *
 * @throws {DropoutError} `ERR_TYPE` or `ERR_OPTION` for an option that is not as described.
 * @example
 * await model.fit({ x, y }, { epochs: 20, reporter: terminalReporter() })
 * // Epoch  1/20  0.8 s  52,100 rows/s  loss 0.5402  accuracy 0.8125
 * // Epoch  2/20 ██████░░░░░░░░░░░░░░░░░░  25 %  loss 0.4871  51,874 rows/s  0:14 left
 */
export function terminalReporter(options: TerminalReporterOptions = {}): Reporter {
  const { output = process.stderr } = checkFields<TerminalReporterOptions>(options, 'options', ['output'])
  if (typeof (output as Partial<Output> | null)?.write !== 'function') {
    throw argumentError(
      'ERR_TYPE',
      'options.output',
      output,
      'a stream to write to, for instance process.stdout',
    )
  }
  return createReporter(output as Output, process.env, () => performance.now())
}

/** Milliseconds between two drawings at least. */
const REDRAW = 100
const BAR = { most: 24, least: 5 }

/** The same for any surroundings; `now` is a clock in milliseconds. */
export function createReporter(output: Output, environment: Environment, now: () => number): Reporter {
  const redraws = isTerminal(output, environment)
  const colours = redraws && !environment['NO_COLOR']
  const line = new RedrawnLine(output, REDRAW, now)
  const pace = new Pace(now)
  const listeners = output as Partial<NodeJS.WritableStream>
  // A broken pipe is told by an event, which without a listener would end the process.
  const ignore = () => undefined
  let epochs = 0
  return {
    onBegin(run) {
      epochs = run.epochs
      pace.begin(epochs)
      listeners.on?.('error', ignore)
    },
    onBatch(event) {
      if (pace.batch(event) && redraws) line.draw((columns) => running(event, epochs, pace, columns, colours))
    },
    onEpoch(event) {
      line.write(ended(event, pace.epoch(event)))
    },
    onEnd() {
      line.clear()
      listeners.off?.('error', ignore)
    },
  }
}

/** The line of an epoch that is under way. */
function running(event: BatchEvent, epochs: number, pace: Pace, columns: number, colours: boolean): string {
  const { done, left, rate } = pace
  const title = titleOf(event.epoch, epochs)
  const all = [
    done === undefined ? `batch ${event.batch + 1}` : `${Math.floor(done * 100)} %`.padStart(5),
    `loss ${figure(event.meanLoss)}`,
    ...rateOf(rate),
    ...(left === undefined ? [] : [`${clock(left)} left`]),
  ]
  const fits = (count: number) => [title, ...all.slice(0, count)].join('  ').length <= columns
  // What is said last is missed least.
  const parts = all.filter((_, index) => fits(index + 1)).join('  ')
  const room = columns - `${title}  ${parts}`.length
  const width = Math.min(BAR.most, room)
  const drawn = done === undefined || width < BAR.least ? ' ' : bar(done, width)
  const painted = colours && drawn !== ' ' ? `\x1b[36m${drawn}\x1b[39m` : drawn
  return parts === '' ? title.slice(0, columns) : `${title} ${painted}${drawn === ' ' ? '' : ' '}${parts}`
}

/** The line of an epoch that has ended. */
function ended(event: EpochEvent, rate: number | undefined): string {
  const { epoch, epochs, loss, metrics, seconds, validationLoss, validationMetrics } = event
  const figures = [
    ['loss', loss] as const,
    ...Object.entries(metrics),
    ...(validationLoss === undefined ? [] : [['validation loss', validationLoss] as const]),
    ...Object.entries(validationMetrics ?? {}).map(([name, value]) => [`validation ${name}`, value] as const),
  ]
  return [
    titleOf(epoch, epochs),
    seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds),
    ...rateOf(rate),
    ...figures.map(([name, value]) => `${words(name)} ${figure(value)}`),
  ].join('  ')
}

function titleOf(epoch: number, epochs: number): string {
  return `Epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`
}

function rateOf(rate: number | undefined): string[] {
  return rate === undefined ? [] : [`${Math.round(rate).toLocaleString('en')} rows/s`]
}

/** `meanAbsoluteError` in words. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function figure(value: number): string {
  return value.toPrecision(4)
}

/** Seconds as minutes and hours. */
function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const two = (count: number) => String(count).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

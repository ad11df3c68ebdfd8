// Types are checked by `npm run check`, which runs the compiler over this file: what is wrong here fails there.

import test from 'ava'
import type {
  Activation,
  EpochEvent,
  FitOptions,
  History,
  Layer,
  Loss,
  Metric,
  Model,
  ModelConfig,
  Monitor,
  MonteCarloPrediction,
  Optimizer,
  Output,
  Schedule,
} from '../../src/nn/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>() => {}

test('types are the unions that an editor completes', (t) => {
  holds<Equal<Output, 'softmax' | 'sigmoid' | 'identity' | 'gaussian'>>()
  holds<'dense' | 'dropout' | 'residual' | 'parallel' extends Layer['type'] ? true : false>()
  holds<string extends Layer['type'] ? false : true>()
  holds<Equal<Optimizer['type'], 'sgd' | 'adam' | 'adamw'>>()
  holds<Equal<Schedule['type'], 'constant' | 'step' | 'cosine' | 'warmUp'>>()
  holds<
    Equal<Extract<Monitor, `validation${string}`>, 'validationLoss' | `validation${Capitalize<Metric>}`>
  >()
  holds<string extends Activation ? false : true>()
  holds<Equal<Loss['type'], Extract<FitOptions['loss'], string>>>()
  holds<Equal<ModelConfig['seed'], string>>()
  holds<Equal<Awaited<ReturnType<Model['fit']>>, History>>()
  holds<Equal<Awaited<ReturnType<Model['predictMonteCarlo']>>, MonteCarloPrediction>>()
  holds<Equal<Parameters<NonNullable<FitOptions['onEpoch']>>[0], EpochEvent>>()
  t.pass()
})

test('onEpoch may answer anything, and its event needs no annotation', (t) => {
  const losses: number[] = []
  const callbacks: FitOptions['onEpoch'][] = [
    (event) => losses.push(event.loss),
    ({ epoch }) => process.stdout.write(`${epoch}`),
    ({ epoch }) => ({ stop: epoch === 3 }),
    ({ epoch }) => (epoch === 3 ? { stop: true } : undefined),
    async ({ loss }) => void losses.push(loss),
    async () => ({ stop: true }),
    () => {},
  ]
  t.is(callbacks.length, 7)
})

test('what cannot be is no type', (t) => {
  // @ts-expect-error a model is made by sequential
  type New = new () => InstanceType<typeof Model>
  const wrong: unknown[] = [
    // @ts-expect-error a name that does not exist
    { type: 'activation', activation: 'swish' } satisfies Layer,
    // @ts-expect-error epochs are needed
    {} satisfies FitOptions,
    // @ts-expect-error a misspelt option
    { epochs: 1, batchsize: 3 } satisfies FitOptions,
    // @ts-expect-error momentum is not Adam's
    { type: 'adam', momentum: 0.9 } satisfies Optimizer,
    undefined as New | undefined,
  ]
  t.is(wrong.length, 5)
})

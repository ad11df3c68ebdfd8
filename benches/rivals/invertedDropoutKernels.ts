import {
  alphaDropout,
  biasActivationDropout,
  biasActivationDropoutLayerNorm,
  concreteDropout,
  gaussianDropout,
  mask,
  type StructuredMask,
  softmaxDropout,
  zoneout,
} from '../../dist/index.js'
import { type KernelSize, ramp, sizeOf } from '../workload.js'

const seed = 7n

type Kernel = (size: KernelSize) => () => Float32Array | Uint32Array

const masked =
  (make: (shape: readonly number[], rate: number) => StructuredMask): Kernel =>
  ({ shape, rate }) => {
    const [m, x] = [make(shape, rate), ramp(sizeOf(shape))]
    return () => m.apply(x)
  }

const noise =
  (
    call: (
      x: Float32Array,
      options: { rate: number; seed: bigint; shape: readonly number[]; out: Float32Array },
    ) => Float32Array,
  ): Kernel =>
  ({ shape, rate }) => {
    const [x, out] = [ramp(sizeOf(shape)), ramp(sizeOf(shape))]
    return () => call(x, { rate, seed, shape, out })
  }

const block = (shareChannels: boolean): Kernel =>
  masked((shape, rate) => mask.block({ rate, blockSize: 7, shape, layout: 'NCHW', shareChannels, seed }))

/** What each kind of `rows.json` is in this library. */
export const kernels: Readonly<Record<string, Kernel>> = {
  element: masked((shape, rate) => mask.element({ rate, shape, seed })),
  feature: masked((shape, rate) => {
    const features = shape.at(-1)!
    return mask.element({
      rate: Array.from({ length: features }, (_, i) => (2 * rate * i) / features),
      shape,
      seed,
    })
  }),
  channel: masked((shape, rate) => mask.channel({ rate, shape, layout: 'NCHW', seed })),
  sequence: masked((shape, rate) => mask.sequence({ rate, shape, seed })),
  block: block(false),
  sharedBlock: block(true),
  exactly: masked(([rows, size], rate) =>
    mask.exactly({ drop: Math.round(size! * rate), size: size!, rows, seed }),
  ),
  dropPath: masked((shape, rate) => mask.dropPath({ rate, shape, seed })),
  attentionWeights: masked((shape, rate) => mask.attention({ rate, shape, seed })),
  gaussian: noise(gaussianDropout),
  alpha: noise(alphaDropout),
  concrete: noise(concreteDropout),
  zoneout: ({ shape, rate }) => {
    const [previous, candidate, out] = [ramp(sizeOf(shape)), ramp(sizeOf(shape)), ramp(sizeOf(shape))]
    return () => zoneout(previous, candidate, { rate, seed, shape, out })
  },
  biasGelu: ({ shape, rate }) => {
    const [x, residual, bias] = [ramp(sizeOf(shape)), ramp(sizeOf(shape)), ramp(shape.at(-1)!)]
    const out = ramp(sizeOf(shape))
    return () => biasActivationDropout(x, { bias, activation: 'gelu', residual, rate, seed, shape, out })
  },
  layerNorm: ({ shape, rate }) => {
    const [x, residual, bias] = [ramp(sizeOf(shape)), ramp(sizeOf(shape)), ramp(shape.at(-1)!)]
    const options = {
      bias,
      activation: 'gelu',
      residual,
      gamma: bias,
      beta: bias,
      rate,
      seed,
      shape,
      out: ramp(sizeOf(shape)),
    } as const
    return () => biasActivationDropoutLayerNorm(x, options).y
  },
  softmax: noise(softmaxDropout),
  edges: ({ shape, rate }) => {
    const [count] = shape as [number]
    const nodes = count / 10
    const end = (factor: number) => Uint32Array.from({ length: count }, (_, i) => (i * factor) % nodes)
    const edges = { source: end(7919), target: end(104_729) }
    const m = mask.edges({ rate, edges, nodes, undirected: true, seed })
    return () => m.list().indices
  },
}

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

type Kernel = (size: KernelSize) => () => Float32Array | Uint32Array | Uint8Array

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

const attention = (per: 'element' | 'key' | 'row' | 'head'): Kernel =>
  masked((shape, rate) => mask.attention({ rate, shape, per, seed }))

/** `count` edges between a tenth as many nodes. */
function graph(count: number) {
  const nodes = count / 10
  const end = (factor: number) => Uint32Array.from({ length: count }, (_, i) => (i * factor) % nodes)
  return { edges: { source: end(7919), target: end(104_729) }, nodes }
}

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
  attentionWeights: attention('element'),
  attentionKey: attention('key'),
  attentionRow: attention('row'),
  attentionHead: attention('head'),
  freshSequence: masked((shape, rate) => mask.sequence({ rate, shape, freshEachStep: true, seed })),
  blockSignal: masked((shape, rate) => mask.block({ rate, blockSize: 7, shape, layout: 'NCL', seed })),
  blockVolume: masked((shape, rate) => mask.block({ rate, blockSize: 3, shape, layout: 'NCDHW', seed })),
  weights: masked((shape, rate) => mask.weights({ rate, shape, seed })),
  sampleWeights: masked(([samples, ...shape], rate) =>
    mask.weights({ rate, shape: shape as [number, number], per: 'sample', samples, seed }),
  ),
  shared: masked((shape, rate) => mask.element({ rate, shape, share: 'batch', seed })),
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
  edges: ({ shape: [count], rate }) => {
    const m = mask.edges({ ...graph(count!), rate, undirected: true, seed })
    return () => m.list().indices
  },
  nodes: ({ shape: [nodes], rate }) => {
    const m = mask.nodes({ rate, nodes: nodes!, seed })
    return () => m.bits()
  },
  paths: ({ shape: [count], rate }) => {
    const m = mask.paths({ ...graph(count!), rate, seed })
    return () => m.bits()
  },
}

// What the benchmarks use of the rivals, without its types, for where they are not installed: tsconfig.alone.json.

declare module '@tensorflow/tfjs' {
  // biome-ignore lint/suspicious/noExplicitAny: what it is for
  type Any = any
  export type Tensor = Any
  export type Scalar = Any
  export const dispose: Any,
    dropout: Any,
    grad: Any,
    layers: Any,
    losses: Any,
    oneHot: Any,
    randomUniform: Any
  export const ready: Any, sequential: Any, setBackend: Any, tensor1d: Any, tidy: Any, train: Any
}
declare module '@tensorflow/tfjs-backend-wasm'
declare module 'benny'
declare module 'onnxruntime-node'

// What the benchmarks use of the rivals, without its types, for where they are not installed: tsconfig.alone.json.

declare module '@tensorflow/tfjs' {
  // biome-ignore lint/suspicious/noExplicitAny: what it is for
  type Any = any
  export type Tensor = Any
  export type Scalar = Any
  export namespace layers {
    export type Layer = Any
    export const conv2d: Any, dense: Any, dropout: Any, flatten: Any, lstm: Any, maxPooling2d: Any
  }
  export const dispose: Any, dropout: Any, grad: Any, losses: Any, matMul: Any, moments: Any, oneHot: Any
  export const ones: Any, randomNormal: Any, randomUniform: Any, ready: Any, sequential: Any, setBackend: Any
  export const softmax: Any, tensor: Any, tensor1d: Any, tidy: Any, train: Any, variable: Any, zeros: Any
}
declare module '@tensorflow/tfjs-backend-wasm'
declare module 'benny'
declare module 'onnxruntime-node'

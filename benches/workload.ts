/** Something to time, ready to run: everything that a user would set up once has been set up. */
export interface Workload {
  /** One call, as a user would make it. */
  run(): unknown
  /** What one call computes, for checking that the rival does the work it is timed for. */
  result(): ArrayLike<number> | Promise<ArrayLike<number>>
  /** Gives back what the set-up took. */
  dispose?(): unknown
}

/** Training, several steps to a call where a library has no call for one. */
export interface TrainingWorkload extends Workload {
  readonly stepsPerRun: number
}

/** A flat f32 tensor to drop elements of. */
export interface ElementSize {
  readonly elements: number
  readonly rate: number
}

/** A mask with a structure, a noise or a fused kernel on a tensor. */
export interface KernelSize {
  /** Which: the rivals know what it stands for. */
  readonly kind: string
  readonly shape: readonly number[]
  readonly rate: number
}

/** Attention of `[batch, heads, length, features]` to itself. */
export interface AttentionSize {
  readonly shape: readonly [number, number, number, number]
  readonly rate: number
}

/** A multilayer perceptron with ReLU and dropout after each hidden layer, trained by SGD with momentum 0.9. */
export interface NetworkSize {
  /** Features, hidden widths, classes. */
  readonly widths: readonly number[]
  readonly batch: number
  readonly rate: number
}

/** A library and what it can do of what is measured. */
export interface Rival {
  /** As printed in the tables. */
  readonly name: string
  /** A new array with elements dropped and the others scaled. */
  dropout?(size: ElementSize): Workload | Promise<Workload>
  /** The same, written to memory that exists. */
  dropoutInto?(size: ElementSize): Workload | Promise<Workload>
  /** `dropout`, and then the gradient with the same mask. */
  dropoutAndBackward?(size: ElementSize): Workload | Promise<Workload>
  /** A kernel by its kind, into a new array; undefined where the library has none. */
  kernel?(size: KernelSize): Workload | Promise<Workload> | undefined
  /** Scaled dot-product attention. */
  attention?(size: AttentionSize): Workload | Promise<Workload>
  /** The same, and its gradients. */
  attentionAndBackward?(size: AttentionSize): Workload | Promise<Workload>
  /** Forward pass, cross-entropy, backward pass and update. */
  trainingStep?(size: NetworkSize): TrainingWorkload | Promise<TrainingWorkload>
}

/** Elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Small positive numbers without a zero, so that a zero in the output is a dropped element. */
export function ramp(elements: number): Float32Array {
  return Float32Array.from({ length: elements }, (_, index) => 0.5 + (index % 1000) / 1000)
}

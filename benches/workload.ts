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

/** A model in training by SGD with momentum 0.9, or by Adam. */
export interface TrainingSize {
  /**
   * - `perceptron`: `widths` with ReLU and dropout after each hidden layer;
   * - `convolutional`: 28 x 28 x 1, two convolutions of 3 x 3 (16 and 32 channels) with ReLU, maximum of 2 x 2, `mask`, a
   *   hidden layer of 128, 10 classes;
   * - `lstm`: 64 features for 64 steps, 128 units, one mask for all steps on inputs and outputs, 10 classes from the last
   *   step;
   * - `transformer`: 128 steps of 128 features, a block of 4 heads and 512 hidden units with norms ahead, gelu, dropout of
   *   attention weights and of both branches, mean over the steps, 10 classes.
   */
  readonly model: 'perceptron' | 'convolutional' | 'lstm' | 'transformer'
  /** Features, hidden widths, classes of a perceptron. */
  readonly widths?: readonly number[]
  readonly batch: number
  readonly rate: number
  /** What is dropped after the convolutions: whole channels, or blocks of 3 x 3. */
  readonly mask?: 'spatial' | 'block'
  /** Rows share their masks, where a library can make use of that; others drop as ever. */
  readonly share?: 'batch'
  readonly optimizer?: 'adam'
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
  trainingStep?(size: TrainingSize): TrainingWorkload | Promise<TrainingWorkload> | undefined
}

/** Elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Small positive numbers without a zero, so that a zero in the output is a dropped element. */
export function ramp(elements: number): Float32Array {
  return Float32Array.from({ length: elements }, (_, index) => 0.5 + (index % 1000) / 1000)
}

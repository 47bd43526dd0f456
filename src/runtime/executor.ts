import { assert } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type DataType, float32Data, type Tensor } from '../numeric/tensor.ts';

/** Tensors by the name of their value. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** The tensor of a name; one that is missing is a bug of the caller. */
export function namedTensor(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  assert(tensor, `there is no tensor named ${name}`);
  return tensor;
}

/** The elements of the float32 tensor of a name. */
export const namedFloats = (tensors: Tensors, name: string): Float32Array =>
  float32Data(namedTensor(tensors, name));

/** Options of compiling a graph. */
export interface CompileOptions {
  /** Threads within an operator; default: all cores. */
  readonly threads?: number;
  /** 'disabled' keeps the engine's own graph optimiser out, for references in verification. Default 'all'. */
  readonly optimization?: 'all' | 'disabled';
  /**
   * Inputs that are state: after each run such an input holds what the paired output computed. State stays with the
   * program, in two buffers that swap; it is not among the feeds and results of `run`. Shapes must be fixed.
   */
  readonly state?: readonly StatePair[];
  /** Whether a run may take whatever the caller's batch makes it, as training does; default: it has a memory budget. */
  readonly unbounded?: boolean;
  /** Told which operators the executor leaves to another one, if any. */
  readonly onFallback?: (operators: readonly string[]) => void;
}

/** An input and the output that replaces it, by name. */
export interface StatePair {
  readonly input: string;
  readonly output: string;
}

/** A compiled graph. Owns native memory: close it. */
export interface Program {
  /**
   * Runs once. Feeds are read, not kept; results of fixed shape are overwritten by the next run. The event loop turns
   * before it settles, so that signals and timers are heard between runs.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /** The current state, by input name: views, overwritten by later runs. */
  readState(): Tensors;
  /** Replaces state, by input name; copies. */
  writeState(state: Tensors): void;
  close(): Promise<void>;
}

/** Something that runs graphs. All executors pass one conformance suite. */
export interface Executor {
  readonly name: string;
  /** Whether it runs the training operators itself; else graphs are decomposed first. */
  readonly trainingOperators: boolean;
  /** Whether it runs nothing but float32 networks with constant weights: no training, no state. */
  readonly inferenceOnly?: boolean;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
}

/** Numeric element types that every executor takes as feeds and hands back as results. */
export const exchangedTypes: ReadonlySet<DataType> = new Set<DataType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
]);

/** An executor whose programs run on some threads. */
export const onThreads = (executor: Executor, threads: number): Executor => ({
  ...executor,
  compile: (graph, options) => executor.compile(graph, { ...options, threads }),
});

import { assert } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type DataType, float32Data, type Tensor } from '../numeric/tensor.ts';

/** Tensors by the name of their value. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** The tensor with a name. A missing one is a bug of the caller. */
export function namedTensor(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  assert(tensor, `there is no tensor named ${name}`);
  return tensor;
}

/** The elements of the float32 tensor with a name. */
export const namedFloats = (tensors: Tensors, name: string): Float32Array =>
  float32Data(namedTensor(tensors, name));

/** Options of compiling a graph. */
export interface CompileOptions {
  /** Threads within an operator; default: all cores. */
  readonly threads?: number;
  /** `disabled` turns off the engine's graph optimisations, for references of verifications. Default 'all'. */
  readonly optimization?: 'all' | 'disabled';
  /**
   * Pairs of an input and an output: the input is state, which after each run holds the value of the output. State stays with
   * the program, and is not part of the feeds and results of `run`. Shapes must be fixed.
   */
  readonly state?: readonly StatePair[];
  /**
   * Whether runs may use any amount of memory, as in training, where the caller chooses the batch. Default: false, limited by
   * the memory budget.
   */
  readonly unbounded?: boolean;
  /** Called with the operators that the executor runs in another engine, if any. */
  readonly onFallback?: (operators: readonly string[]) => void;
}

/** An input and the output that replaces its value, by name. */
export interface StatePair {
  readonly input: string;
  readonly output: string;
}

/** A compiled graph. It owns native memory, so close it. */
export interface Program {
  /**
   * Runs the graph once. Feeds are read, not kept; results with fixed shape are overwritten by the next run. Each run yields
   * to the event loop, so that signals and timers are handled between runs.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /** The current state by input name, as views that later runs overwrite. */
  readState(): Tensors;
  /** Copies new values into the state, by input name. */
  writeState(state: Tensors): void;
  close(): Promise<void>;
}

/** An engine that runs graphs. All executors pass the same conformance tests. */
export interface Executor {
  readonly name: string;
  /** Whether it runs training operators directly; else graphs are decomposed first. */
  readonly trainingOperators: boolean;
  /** Whether it only runs float32 networks with constant weights, without training and state. Default false. */
  readonly inferenceOnly?: boolean;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
}

/** Numeric element types that every executor accepts as feeds and returns as results. */
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

/** An executor with another default number of threads. */
export const onThreads = (executor: Executor, threads: number): Executor => ({
  ...executor,
  compile: (graph, options) => executor.compile(graph, { ...options, threads }),
});

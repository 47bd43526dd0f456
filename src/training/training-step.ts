import { decompose } from '../autodiff/index.ts';
import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { feedsBeside } from '../measure/beside-image.ts';
import { random } from '../numeric/random.ts';
import { floats, makeTensor, type Tensor } from '../numeric/tensor.ts';
import type { CompileOptions, Executor, Tensors } from '../runtime/executor.ts';
import { firstNotFinite } from './not-finite.ts';
import { buildStepGraph, type StepGraph, type StepGraphOptions } from './step-graph.ts';
import type { TaskBatch } from './tasks/task.ts';

/** A batch, with the scalars and random keys of a step. */
export interface StepInput extends TaskBatch {
  /** A value for each scalar of the step graph. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Counters from which dropout masks are generated. */
  readonly keys: readonly number[];
}

export interface StepResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A compiled training step that holds its state. Close it. */
export interface TrainingStep {
  /** Runs a step. Returns the mean loss of the batch and the task's metrics, before the update. */
  run(input: StepInput): Promise<StepResult>;
  /** Parameters, statistics, optimiser and extension state, by name, as views that later steps overwrite. */
  state(): Tensors;
  load(state: Tensors): void;
  /** The first value that is infinite or NaN when a step is run from the present state; null if all are finite. */
  firstNotFinite(input: StepInput): Promise<string | null>;
  close(): Promise<void>;
}

/** Compiles the training step of a network with fixed shapes. Its state starts with the values of the network. */
export async function openTrainingStep(
  model: Graph,
  options: StepGraphOptions & { readonly executor: Executor } & Pick<
      CompileOptions,
      'threads' | 'onFallback'
    >,
): Promise<TrainingStep> {
  const step = buildStepGraph(model, options);
  const { executor, threads, onFallback } = options;
  const graph = executor.trainingOperators ? step.graph : decompose(step.graph);
  const program = await executor.compile(graph, {
    state: step.state,
    ...(threads ? { threads } : {}),
    ...(onFallback ? { onFallback } : {}),
  });
  program.writeState(step.initial);
  const task = await options.task.open?.({ network: model, executor, threads });
  const images = step.graph.inputs.find(({ name }) => name === step.images)!;
  const shape = images.shape as number[];
  const read = new Set(step.graph.inputs.map(({ name }) => name));
  const beside = Object.fromEntries(
    Object.entries(feedsBeside(model, shape[0]!)).filter(([name]) => read.has(name)),
  );

  const feedsOf = async (input: StepInput) => {
    const feeds: Record<string, Tensor> = {
      ...beside,
      [step.images]: makeTensor('float32', shape, input.images),
      ...dropoutMasks(step, input.keys),
    };
    const given = await task?.feeds(input);
    for (const [name, fed] of step.inputs) feeds[fed] = taskFeed(name, given);
    for (const [name, fed] of step.scalars) feeds[fed] = scalarFeed(name, input.scalars);
    return feeds;
  };
  return {
    async run(input) {
      const results = await program.run(await feedsOf(input));
      const number = (name: string) => Number(results[name]!.data[0]);
      const metrics = [...step.metrics].map(([name, output]) => [name, number(output)] as const);
      return { loss: number(step.loss), metrics: Object.fromEntries(metrics) };
    },
    state: () => program.readState(),
    load: (state) => program.writeState(state),
    firstNotFinite: async (input) =>
      firstNotFinite({ step, feeds: await feedsOf(input), state: program.readState() }, executor),
    async close() {
      await task?.close();
      await program.close();
    },
  };
}

function taskFeed(name: string, given: Tensors = {}): Tensor {
  const tensor = given[name];
  if (!tensor)
    throw new EspalierError('usage', `the training task gives no input ${name}, which its loss reads`);
  return tensor;
}

function scalarFeed(name: string, scalars: Readonly<Record<string, number>>): Tensor {
  const value = scalars[name];
  if (value === undefined) throw new EspalierError('usage', `the training step needs a value for ${name}`);
  return floats([], [value]);
}

function dropoutMasks({ dropout }: StepGraph, keys: readonly number[]): Record<string, Tensor> {
  const masks = dropout.map(({ name, ratio, shape }, index) => {
    const { uniform } = random(...keys, index);
    const count = shape.reduce((product, size) => product * size, 1);
    const kept = 1 / (1 - ratio);
    return [
      name,
      floats(
        shape,
        Float32Array.from({ length: count }, () => (uniform() < ratio ? 0 : kept)),
      ),
    ] as const;
  });
  return Object.fromEntries(masks);
}

/** A copy of the network whose initializers have the values of a training state. */
export function withState(model: Graph, state: Tensors): Graph {
  const graph = cloneGraph(model);
  for (const value of graph.initializers) {
    const tensor = state[value.name];
    if (tensor) value.tensor = { ...tensor, data: tensor.data.slice() as Tensor['data'] };
  }
  return graph;
}

/** A copy of views that later steps overwrite. */
export const copyState = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { ...t, data: t.data.slice() as typeof t.data }]),
  );

import { decompose } from '../autodiff/index.ts';
import type { Graph } from '../graph/graph.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import type { StepGraph } from './step-graph.ts';

/** The input of a search for non-finite numbers in a training step. */
export interface StepMoment {
  readonly step: StepGraph;
  /** Every input of the step, by its name in the graph. */
  readonly feeds: Tensors;
  readonly state: Tensors;
}

/**
 * The first value of a training step that is infinite or NaN: an input, a parameter or other state, the output of a layer, or
 * a part of the loss. null if all are finite.
 */
export async function firstNotFinite(
  { step, feeds, state }: StepMoment,
  executor: Executor,
): Promise<string | null> {
  const given = firstNotFiniteOf(feeds);
  if (given !== null) return `the input ${given}`;
  const held = firstNotFiniteOf(state);
  if (held !== null) return held;
  const watched = step.watched.filter(({ value }) => value.dtype === 'float32');
  const graph: Graph = { ...step.graph, nodes: [...step.graph.nodes] };
  graph.outputs = [...new Set(watched.map(({ value }) => value))];
  removeDeadNodes(graph);
  const program = await executor.compile(executor.trainingOperators ? graph : decompose(graph), {});
  try {
    const read = new Set(graph.inputs.map(({ name }) => name));
    const all = Object.entries({ ...feeds, ...state }).filter(([name]) => read.has(name));
    const results = await program.run(Object.fromEntries(all));
    return watched.find(({ value }) => !isFiniteTensor(results[value.name]!))?.name ?? null;
  } finally {
    await program.close();
  }
}

/** The name of the first tensor with an infinite or NaN element; null if all are finite. */
export function firstNotFiniteOf(tensors: Tensors): string | null {
  for (const [name, tensor] of Object.entries(tensors)) if (!isFiniteTensor(tensor)) return name;
  return null;
}

const isFiniteTensor = ({ data }: Tensor): boolean =>
  !(data instanceof Float32Array) || data.every(Number.isFinite);

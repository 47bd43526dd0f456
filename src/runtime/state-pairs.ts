import { EspalierError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { StatePair } from './executor.ts';

/** The values of state pairs, in the same order. Throws `usage` if a graph lacks one. */
export function resolveStates(
  graph: Graph,
  pairs: readonly StatePair[],
): { readonly value: Value; readonly next: Value }[] {
  const named = (values: readonly Value[]) => new Map(values.map((value) => [value.name, value]));
  const [inputs, outputs] = [named(graph.inputs), named(graph.outputs)];
  return pairs.map(({ input, output }) => {
    const [value, next] = [inputs.get(input), outputs.get(output)];
    if (!value) throw new EspalierError('usage', `state ${input} is no input of the graph`);
    if (!next) throw new EspalierError('usage', `state ${output} is no output of the graph`);
    return { value, next };
  });
}

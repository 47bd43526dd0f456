import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, makeValue, type Value } from '../../graph/graph.ts';
import { isFloating } from '../../graph/operand-types.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { replaceUses } from '../../graph/topology.ts';
import type { DataType } from '../../numeric/tensor.ts';
import { castNode, uniqueNamesInBodies } from './constants.ts';

/**
 * A copy whose floating-point inputs and outputs have the given types, by name, with Casts after inputs and before outputs.
 * The rest is not changed.
 */
export function withSignature(graph: Graph, types: ReadonlyMap<string, DataType>): Graph {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const unique = uniqueNamesInBodies(copy);
  const wanted = copy.outputs.map(({ name }) => types.get(name) ?? null);
  const defaults = new Set(copy.initializers);
  for (const input of copy.inputs) {
    const dtype = types.get(input.name);
    if (!dtype || dtype === input.dtype || !isFloating(input.dtype) || defaults.has(input)) continue;
    const inside: Value = makeValue(unique(`${input.name}.${input.dtype}`), input.dtype, input.shape);
    replaceUses(copy, input, inside);
    input.dtype = dtype;
    copy.nodes.unshift(castNode(input, inside));
  }
  copy.outputs = copy.outputs.map((value, i) => asOutput(value, wanted[i]!, { graph: copy, unique }));
  return copy;
}

/** The floating-point types of a graph's inputs and outputs, by name. */
export const signatureOf = ({ inputs, outputs }: Graph): Map<string, DataType> =>
  new Map(
    [...inputs, ...outputs].flatMap(({ name, dtype }) => (dtype && isFloating(dtype) ? [[name, dtype]] : [])),
  );

interface GraphNames {
  readonly graph: Graph;
  unique(wanted: string): string;
}

/** A graph output in the given type under its own name; if a node computes it in another type, that value is renamed. */
export function asOutput(value: Value, dtype: DataType | null, { graph, unique }: GraphNames): Value {
  if (!dtype || !isFloating(value.dtype) || value.dtype === dtype) return value;
  const output: Value = { ...value, dtype };
  // A value that a subgraph reads keeps its name, by which subgraphs refer to it.
  if (graph.nodes.some((node) => node.outputs.includes(value))) {
    value.name = unique(`${value.name}.${value.dtype}`);
    delete value.opaque;
  } else output.name = unique(`${value.name}.${dtype}`);
  graph.nodes.push(castNode(value, output, unique(`${output.name}.cast`)));
  return output;
}

import { uniqueNames } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { type Graph, makeConstant, makeValue, type Node, type Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { replaceUses } from '../graph/topology.ts';
import { asFloat, isOtherFloat } from '../numeric/float-conversion.ts';
import { floats, type Tensor } from '../numeric/tensor.ts';
import type { ChannelConsumer, ChannelCoupling } from './coupling/scope.ts';

/**
 * A graph in which the channels of some sets are multiplied by 0 in every value that a layer reads: the reference for
 * removing them. The coupling may be that of another form of the network, such as the file's, whose values are matched by
 * name; null if one is missing. A value can be masked for all its readers, since every reader that mixes channels is a layer
 * and would be masked itself.
 */
export function maskedReference(
  given: Graph,
  found: ChannelCoupling,
  removed: ReadonlySet<number>,
): Graph | null {
  const graph = cloneGraph(given);
  inferTypes(graph);
  const byName = valuesByName(graph);
  const unique = uniqueNames(graph);
  const masked = new Map<string, Node>();
  for (const reading of found.readings) {
    const name = reading.node.inputs[reading.index]!.name;
    const value = byName.get(name);
    if (!value) return null;
    if (masked.has(name) || !someGo(reading, found, removed)) continue;
    masked.set(name, multiplied(graph, value, { unique, mask: maskOf(reading, found, removed) }));
  }
  const behind = (name: string): Node[] => (masked.has(name) ? [masked.get(name)!] : []);
  graph.nodes = [
    ...graph.inputs.flatMap(({ name }) => behind(name)),
    ...graph.nodes.flatMap((node) => [
      node,
      ...node.outputs.flatMap((value) => (value ? behind(value.name) : [])),
    ]),
  ];
  return graph;
}

/** Infers element types where possible: a mask has the type of the value it is multiplied with. */
function inferTypes(graph: Graph): void {
  try {
    inferShapes(graph);
  } catch {
    // Errors are ignored: the file can be run nevertheless.
  }
}

function valuesByName({ inputs, nodes }: Graph): Map<string, Value> {
  const values = [...inputs, ...nodes.flatMap(({ outputs }) => outputs)];
  return new Map(values.flatMap((value) => (value ? [[value.name, value] as const] : [])));
}

const someGo = (
  { channels }: ChannelConsumer,
  { sets }: ChannelCoupling,
  removed: ReadonlySet<number>,
): boolean => channels.labels.some((label) => removed.has(sets.find(label)));

interface NamedMask {
  readonly mask: Tensor;
  unique(wanted: string): string;
}

/** A node that multiplies a value by its mask; all readers of the value read the result instead. */
function multiplied(graph: Graph, value: Value, { unique, mask }: NamedMask): Node {
  const dtype = value.dtype;
  const tensor = isOtherFloat(dtype) ? asFloat(floats(mask.shape, mask.data as Float32Array), dtype) : mask;
  const constant = makeConstant(unique(`${value.name}.mask`), tensor);
  const result = makeValue(unique(`${value.name}.masked`), dtype, value.shape);
  graph.initializers.push(constant);
  const outputs = [...graph.outputs];
  replaceUses(graph, value, result);
  // Outputs of the network are not masked.
  graph.outputs = outputs;
  const name = result.name;
  return { op: 'Mul', domain: '', name, inputs: [value, constant], outputs: [result], attributes: {} };
}

/** A mask that is 0 for removed channel sets, else 1; of size 1 along axes without channels. */
function maskOf(
  { node, index, channels }: ChannelConsumer,
  { sets }: ChannelCoupling,
  removed: ReadonlySet<number>,
) {
  const shape = (node.inputs[index]!.shape ?? []).map((_, axis) => {
    const at = channels.axes.indexOf(axis);
    return at < 0 ? 1 : channels.sizes[at]!;
  });
  return floats(
    shape,
    Float32Array.from(channels.labels, (label) => (removed.has(sets.find(label)) ? 0 : 1)),
  );
}

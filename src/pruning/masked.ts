import { uniqueNames } from '../graph/builder.ts';
import { copyGraph } from '../graph/clone.ts';
import { type Graph, makeConstant, makeValue, type Node, type Value } from '../graph/graph.ts';
import { floats } from '../numeric/tensor.ts';
import type { Found, Reading } from './coupling/scope.ts';

/**
 * The graph with the channels of some classes multiplied by 0 wherever a layer reads them: what removing them must
 * compute. The coupling is that of the graph given, which is left alone.
 */
export function maskedReference(given: Graph, found: Found, removed: ReadonlySet<number>): Graph {
  const { graph } = copyGraph(given);
  const unique = uniqueNames(graph);
  const copyOf = new Map(given.nodes.map((node, i) => [node, graph.nodes[i]!]));
  const masks = new Map<Node, Node[]>();
  for (const reading of found.readings) {
    const node = copyOf.get(reading.node)!;
    const value = node.inputs[reading.index]!;
    const mask = makeConstant(
      unique(`${value.name}.mask`),
      maskOf(reading, value, (label) => removed.has(found.classes.find(label))),
    );
    const masked = makeValue(unique(`${value.name}.masked`), value.dtype, value.shape);
    graph.initializers.push(mask);
    node.inputs[reading.index] = masked;
    const name = masked.name;
    const multiply: Node = {
      op: 'Mul',
      domain: '',
      name,
      inputs: [value, mask],
      outputs: [masked],
      attributes: {},
    };
    masks.set(node, [...(masks.get(node) ?? []), multiply]);
  }
  graph.nodes = graph.nodes.flatMap((node) => [...(masks.get(node) ?? []), node]);
  return graph;
}

/** 0 where a class goes, 1 elsewhere; one element along axes that carry no channels. */
function maskOf({ channels }: Reading, value: Value, goes: (label: number) => boolean) {
  const shape = (value.shape ?? []).map((_, axis) => {
    const at = channels.axes.indexOf(axis);
    return at < 0 ? 1 : channels.sizes[at]!;
  });
  return floats(
    shape,
    Float32Array.from(channels.labels, (label) => (goes(label) ? 0 : 1)),
  );
}

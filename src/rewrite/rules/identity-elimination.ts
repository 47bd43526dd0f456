import type { Graph, Node, Value } from '../../graph/graph.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import { connections, replaceUses } from '../../graph/topology.ts';
import { toNumbers } from '../../numeric/tensor.ts';

/** Removes in place the nodes whose output is their first input: Identity, Dropout of inference, and casts, pads and the like that do nothing. */
export function removeIdentities(graph: Graph): void {
  for (const node of [...graph.nodes]) eliminateIdentity(node, graph);
}

/** Removes a node whose output is its first input, in place; whether it did. */
export const eliminateIdentity = (node: Node, graph: Graph): boolean =>
  isIdentity(node, graph) && passOn(graph, node, node.inputs[0]!);

/** When an operator's output is its first input. */
const identities: Readonly<Record<string, (node: Node, graph: Graph) => boolean>> = {
  Identity: () => true,
  Dropout: (node, graph) => !isRead(graph, node.outputs[1]) && !mayTrain(node),
  Cast: ({ inputs: [x], outputs: [y] }) => !!x?.dtype && x.dtype === y?.dtype,
  Pad: (node) => isFilled(node.inputs[1], 0),
  Expand: ({ inputs: [x], outputs: [y] }) => sameFixedShape(x, y),
  Reshape: ({ inputs: [x], outputs: [y] }) => sameFixedShape(x, y),
  Concat: ({ inputs }) => inputs.length === 1,
  Gather: takesAll,
  Transpose: (node) => attributesOf(node, 'Transpose').perm?.every((axis, i) => axis === i) ?? false,
};

function isIdentity(node: Node, graph: Graph): boolean {
  const test = Object.hasOwn(identities, node.op) && node.domain === '' ? identities[node.op] : undefined;
  return !!node.inputs[0] && !!test?.(node, graph);
}

const isRead = (graph: Graph, value: Value | null | undefined): boolean =>
  !!value && (connections(graph).uses.get(value)?.length ?? 0) > 0;

/** The third input of Dropout says whether it trains. */
const mayTrain = ({ inputs: [, , training] }: Node): boolean => !!training && !isFilled(training, 0);

const isFilled = (value: Value | null | undefined, wanted: number): boolean =>
  !!value?.tensor && Array.from(value.tensor.data as ArrayLike<number>, Number).every((x) => x === wanted);

function sameFixedShape(x: Value | null | undefined, y: Value | null | undefined): boolean {
  const [a, b] = [x?.shape, y?.shape];
  return !!a && a.length === b?.length && a.every((dim, i) => typeof dim === 'number' && dim === b[i]);
}

/** Whether the indices are 0 … n − 1. */
function takesAll(node: Node, graph: Graph): boolean {
  const [x, indices] = node.inputs;
  const axis = attributesOf(node, 'Gather').axis;
  const length = x?.shape?.at(axis);
  if (indices?.tensor?.shape.length !== 1 || graph.inputs.includes(indices)) return false;
  return indices.tensor.shape[0] === length && toNumbers(indices.tensor).every((index, i) => index === i);
}

/** Readers of a node's output read `input`, its equal; where the output is the graph's, the input takes its name. Whether the node went. */
export function passOn(graph: Graph, node: Node, input: Value): boolean {
  const output = node.outputs[0];
  if (!output) return false;
  if (!graph.outputs.includes(output)) {
    replaceUses(graph, output, input);
  } else {
    const source = graph.nodes.find((candidate) => candidate.outputs.includes(input));
    // An input, an initializer or another output of the graph must keep its own name.
    if (!source || graph.outputs.includes(input)) return false;
    source.outputs = source.outputs.map((value) => (value === input ? output : value));
    replaceUses(graph, input, output);
  }
  graph.nodes = graph.nodes.filter((candidate) => candidate !== node);
  return true;
}

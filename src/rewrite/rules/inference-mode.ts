import { uniqueNames } from '../../graph/builder.ts';
import { type Graph, makeNode, type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { contentsOf, type KnownElements } from '../../graph/shapes/index.ts';
import { connections, subgraphs } from '../../graph/topology.ts';

/** The nodes that replace a node in training mode; null for other nodes. */
type Change = (node: Node, scope: InferenceScope) => readonly Node[] | null;

interface InferenceScope {
  readonly contents: KnownElements;
  isRead(value: Value | null | undefined): boolean;
  unique(wanted: string): string;
}

/** Converts nodes that were exported in training mode to inference mode, in place. Returns their labels. */
export function inferenceMode(graph: Graph, contents: KnownElements): string[] {
  return changeAll(graph, contents, uniqueNames(graph));
}

function changeAll(graph: Graph, contents: KnownElements, unique: (wanted: string) => string): string[] {
  const { uses } = connections(graph);
  const isRead = (value: Value | null | undefined) => !!value && uses.has(value);
  const changed: string[] = [];
  graph.nodes = graph.nodes.flatMap((node) => {
    for (const body of subgraphs(node)) changed.push(...changeAll(body, contents, unique));
    const change = node.domain === '' && Object.hasOwn(changes, node.op) ? changes[node.op]! : null;
    const nodes = change?.(node, { contents, isRead, unique }) ?? null;
    if (!nodes) return [node];
    changed.push(nodeLabel(node));
    return nodes;
  });
  return changed;
}

/** Dropout in inference mode passes its input through; its mask is entirely true. */
const dropout: Change = (node, { contents }) => {
  const [training = null] = contentsOf(node.inputs[2], contents) ?? [];
  if (typeof training !== 'number' || training === 0) return null;
  node.inputs.length = 2;
  return [node];
};

/**
 * In inference mode, running statistics are unchanged; batch statistics are not computed, so they are replaced by these. Up
 * to opset 13, the number of outputs determined the mode.
 */
const batchNormalization: Change = (node, { isRead, unique }) => {
  const { training_mode: mode } = node.attributes;
  const statistics = node.outputs.slice(1);
  const trains = mode?.kind === 'int' && Number(mode.value) !== 0;
  if (!trains && statistics.every((value) => value === null)) return null;
  delete node.attributes.training_mode;
  node.outputs.length = Math.min(node.outputs.length, 1);
  const copies = statistics.flatMap((value, i) => {
    const source = node.inputs[i % 2 === 0 ? 3 : 4];
    if (!value || !source || !isRead(value)) return [];
    return [
      makeNode('Identity', { name: unique(`${value.name}.unchanged`), inputs: [source], outputs: [value] }),
    ];
  });
  return [node, ...copies];
};

/** Operators with a training mode. */
const changes: Readonly<Record<string, Change>> = {
  Dropout: dropout,
  BatchNormalization: batchNormalization,
};

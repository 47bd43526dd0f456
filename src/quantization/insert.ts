import { builderOf, uniqueNames } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { type Connections, connections, removeDeadNodes, sortTopologically } from '../graph/topology.ts';
import { activationsOf, type Int8Plan, isMadeInInt8 } from './plan.ts';
import { dequantizedBias, dequantizedWeight, type RoundedLayer, rounded } from './quantized-values.ts';
import type { ActivationScale } from './scales.ts';

export interface Insertion {
  readonly plan: Int8Plan;
  readonly scales: ReadonlyMap<Value, ActivationScale>;
  readonly layers: readonly RoundedLayer[];
}

/** Edits a graph: QuantizeLinear and DequantizeLinear behind every rounded value, weights and biases as integers. */
export function insertQuantization(graph: Graph, insertion: Insertion): void {
  const links = connections(graph);
  const g = builderOf(graph);
  for (const layer of insertion.layers) {
    const weight = dequantizedWeight(g, layer);
    const bias = dequantizedBias(g, layer);
    layer.node.inputs[1] = weight;
    if (bias) layer.node.inputs[2] = bias;
  }
  for (const [value, scale] of insertion.scales) {
    readRounded(graph, { value, rounded: rounded(g, value, scale) }, { ...links, ...insertion.plan });
  }
  takeOver(graph, insertion.plan);
  sortTopologically(graph);
  removeDeadNodes(graph);
  inferShapes(graph);
}

type Reading = Connections & Int8Plan;

/** 8-bit nodes read the rounded value; others only where the value itself does not exist any more. */
function readRounded(
  graph: Graph,
  { value, rounded: replacement }: { readonly value: Value; readonly rounded: Value },
  reading: Reading,
): void {
  const { uses, rows } = reading;
  const isInt8 = isMadeInInt8(value, reading);
  for (const { node, index } of uses.get(value) ?? []) {
    if (node && index >= 0) {
      const row = rows.get(node);
      const wants = row ? activationsOf(node, row).includes(value) : false;
      if (wants || isInt8) node.inputs[index] = replacement;
    } else if (!node && isInt8) {
      graph.outputs[index] = replacement;
    }
  }
  if (graph.outputs.includes(replacement)) keepName(graph, value, replacement);
}

/** A network's output is called as before. */
function keepName(graph: Graph, value: Value, replacement: Value): void {
  const { name } = value;
  value.name = uniqueNames(graph)(`${name}.float`);
  replacement.name = name;
}

/** The node in front of a clamp gives what the clamp gave. */
function takeOver(graph: Graph, { clamps }: Int8Plan): void {
  const gone = new Set<Node>(clamps.values());
  for (const [node, clamp] of clamps) node.outputs = clamp.outputs;
  graph.nodes = graph.nodes.filter((node) => !gone.has(node));
}

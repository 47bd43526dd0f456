import { builderOf, uniqueNames } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { type Connections, connections, removeDeadNodes, sortTopologically } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { activationsOf, type Int8Plan, isMadeInInt8 } from './plan.ts';
import {
  codesOf,
  decoded,
  dequantizedBias,
  dequantizedWeight,
  quantizedAndBack,
  type Rounded,
  type RoundedLayer,
} from './quantized-values.ts';
import type { ActivationScale } from './scales.ts';

export interface Insertion {
  readonly plan: Int8Plan;
  readonly scales: ReadonlyMap<Value, ActivationScale>;
  readonly layers: readonly RoundedLayer[];
}

/**
 * Edits a graph: inserts QuantizeLinear and DequantizeLinear after every rounded value, and stores weights and biases as
 * integers.
 */
export function insertQuantization(graph: Graph, insertion: Insertion): void {
  const links = connections(graph);
  const g = builderOf(graph);
  for (const layer of insertion.layers) {
    const weight = dequantizedWeight(g, layer);
    const bias = dequantizedBias(g, layer);
    layer.node.inputs[1] = weight;
    if (bias) layer.node.inputs[2] = bias;
  }
  const before = nodesOnCodes(insertion.plan);
  const given = new Set(before.map(({ y }) => y));
  const reading = { ...links, ...insertion.plan };
  const made = new Map<Value, Rounded>();
  for (const [value, scale] of insertion.scales) {
    made.set(value, given.has(value) ? decoded(g, value, scale) : quantizedAndBack(g, value, scale));
    readRounded(graph, { value, replacement: made.get(value)!.numbers }, reading);
  }
  for (const { node, x, fill } of before) {
    node.inputs[0] = made.get(x)!.codes;
    node.inputs[fill.index] = g.constant(codesOf(fill.tensor, insertion.scales.get(x)!), `${node.name}.fill`);
  }
  takeOver(graph, insertion.plan);
  sortTopologically(graph);
  removeDeadNodes(graph);
  inferShapes(graph);
}

/** Nodes that work directly on codes; collected before anything is inserted. */
function nodesOnCodes({ rows }: Int8Plan) {
  return [...rows].flatMap(([node, { fillInput: index }]) => {
    if (index === undefined) return [];
    const tensor = node.inputs[index]?.tensor ?? floats([], [0]);
    return [{ node, x: node.inputs[0]!, y: node.outputs[0]!, fill: { index, tensor } }];
  });
}

type Reading = Connections & Int8Plan;

/** 8-bit nodes read the rounded value; other nodes only if the exact value no longer exists. */
function readRounded(
  graph: Graph,
  { value, replacement }: { readonly value: Value; readonly replacement: Value },
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

/** Outputs of the network keep their names. */
function keepName(graph: Graph, value: Value, replacement: Value): void {
  const { name } = value;
  value.name = uniqueNames(graph)(`${name}.inner`);
  replacement.name = name;
}

/** The node before a clamp that rounding replaces produces the clamp's output. */
function takeOver(graph: Graph, { clamps }: Int8Plan): void {
  const gone = new Set<Node>(clamps.values());
  for (const [node, clamp] of clamps) node.outputs = clamp.outputs;
  graph.nodes = graph.nodes.filter((node) => !gone.has(node));
}

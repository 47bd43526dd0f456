import { uniqueNames } from '../graph/builder.ts';
import { type Dim, type Graph, makeConstant, makeValue, type Node } from '../graph/graph.ts';
import { attributesOf, isOperator, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import {
  canonicalForm,
  expectFloat32,
  foldConstants,
  padInsteadOfZeros,
  withKnownShapes,
} from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { dropExpansions } from './drop-expansions.ts';
import { showDecoded } from './quantized-weights.ts';

/**
 * Prepares a copy of a network for following and removing channels: folds constants and infers shapes. An open batch stays
 * open: a target shape that is computed from it becomes a constant with −1 for the batch.
 */
export async function prepareForPruning(network: Graph, executor: Executor): Promise<Graph> {
  expectFloat32(network);
  const known = await withKnownShapes(canonicalForm(network).graph, executor);
  const graph = await foldConstants(known.graph, executor);
  inferShapes(graph);
  const unique = uniqueNames(graph);
  for (const node of graph.nodes) {
    const op = knownOperator(node);
    const target = op && targets[op]?.(node);
    if (!target) continue;
    node.inputs.length = Math.min(node.inputs.length, target.index);
    while (node.inputs.length < target.index) node.inputs.push(null);
    const value = makeConstant(unique(`${node.outputs[0]!.name}.target`), target.tensor);
    graph.initializers.push(value);
    node.inputs.push(value);
  }
  graph.nodes = graph.nodes.flatMap((node) => [...resizedAxesOnly(node, graph, unique), node]);
  padInsteadOfZeros(graph);
  dropExpansions(graph);
  removeDeadNodes(graph);
  showDecoded(graph);
  inferShapes(graph);
  return graph;
}

/** By operator: the constant that replaces a computed target, which becomes the last input of the node. */
const targets: { readonly [Op in OperatorName]?: (node: Node) => ConstantTarget | null } = {
  Reshape: shapeTarget,
  Resize: scales,
};

interface ConstantTarget {
  readonly index: number;
  readonly tensor: ReturnType<typeof int64s>;
}

/** A shape with at most one open dimension is a target itself. */
function shapeTarget({ inputs: [, target], outputs: [y] }: Node): ConstantTarget | null {
  const shape = y?.shape;
  if (!target || target.tensor || !shape || shape.includes(0)) return null;
  if (shape.filter((dim) => typeof dim !== 'number').length > 1) return null;
  return { index: 1, tensor: int64s(shape.map((dim) => (typeof dim === 'number' ? dim : -1))) };
}

/** Computed sizes become scales, if all changed sizes are known and scales have the same effect. */
function scales({ inputs: [x, , , sizes], outputs: [y], attributes }: Node): ConstantTarget | null {
  if (!sizes || sizes.tensor || attributes.axes || !x?.shape || y?.shape?.length !== x.shape.length)
    return null;
  const to = y.shape;
  const factors = x.shape.map((from, axis) => {
    if (isUnchanged(from, to[axis]!)) return 1;
    const size = to[axis];
    if (typeof size !== 'number' || typeof from !== 'number') return Number.NaN;
    const factor = Math.fround(size / from);
    return Math.floor(factor * from) === size ? factor : Number.NaN;
  });
  return factors.some(Number.isNaN) ? null : { index: 2, tensor: floats([factors.length], factors) };
}

/** Whether a dimension is certainly unchanged: two unknown dimensions may differ. */
const isUnchanged = (from: Dim, to: Dim): boolean => from !== null && from === to;

/**
 * If some computed sizes are unchanged, resizes only the other axes, so that none of the sizes is a number of channels.
 * Returns the nodes that select the sizes; none if sizes are known, or preserve an aspect ratio.
 */
function resizedAxesOnly(node: Node, graph: Graph, unique: (wanted: string) => string): Node[] {
  const { inputs, outputs, attributes } = node;
  const [x, region, , sizes] = inputs;
  const [from, to] = [x?.shape, outputs[0]?.shape];
  if (!isOperator(node, 'Resize') || !sizes || sizes.tensor || attributes.axes || region) return [];
  if (
    !from ||
    from.length !== to?.length ||
    attributesOf(node, 'Resize').keep_aspect_ratio_policy !== 'stretch'
  )
    return [];
  const axes = from.flatMap((dim, axis) => (isUnchanged(dim, to[axis]!) ? [] : [axis]));
  if (axes.length === 0 || axes.length === from.length) return [];
  const name = unique(`${outputs[0]!.name}.sizes`);
  const picked = makeValue(name, 'int64', [axes.length]);
  const index = makeConstant(unique(`${name}.axes`), int64s(axes));
  graph.initializers.push(index);
  node.inputs[3] = picked;
  node.attributes.axes = { kind: 'ints', value: axes };
  return [{ op: 'Gather', domain: '', name, inputs: [sizes, index], outputs: [picked], attributes: {} }];
}

import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, type Node } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import { canonicalForm, expectFloat32, foldConstants } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { showDecoded, unshareDecoders } from './codes.ts';
import { dropExpansions } from './drop-expansions.ts';
import { unshareParameters } from './unshare.ts';

/**
 * A copy of a network whose channels can be followed and cut: constants folded, shapes known, no parameter shared. A free
 * batch stays free: a target shape that an exporter computes from it is written out, with −1 in its place.
 */
export async function prepareForPruning(network: Graph, executor: Executor): Promise<Graph> {
  expectFloat32(network);
  const graph = await foldConstants(canonicalForm(network).graph, executor);
  inferShapes(graph);
  const unique = uniqueNames(graph);
  for (const node of graph.nodes) {
    const target = targets[node.op]?.(node);
    if (!target) continue;
    node.inputs.length = Math.min(node.inputs.length, target.index);
    while (node.inputs.length < target.index) node.inputs.push(null);
    const value = makeConstant(unique(`${node.outputs[0]!.name}.target`), target.tensor);
    graph.initializers.push(value);
    node.inputs.push(value);
  }
  dropExpansions(graph);
  removeDeadNodes(graph);
  unshareDecoders(graph);
  unshareParameters(graph);
  showDecoded(graph);
  inferShapes(graph);
  return graph;
}

/** What takes the place of a computed target: the last input of the node from then on. */
const targets: Readonly<Record<string, (node: Node) => Target | null>> = {
  Reshape: shapeTarget,
  Resize: scales,
};

interface Target {
  readonly index: number;
  readonly tensor: ReturnType<typeof int64s>;
}

/** A shape with one free dimension at most is a target by itself. */
function shapeTarget({ inputs: [, target], outputs: [y] }: Node): Target | null {
  const shape = y?.shape;
  if (!target || target.tensor || !shape || shape.includes(0)) return null;
  if (shape.filter((dim) => typeof dim !== 'number').length > 1) return null;
  return { index: 1, tensor: int64s(shape.map((dim) => (typeof dim === 'number' ? dim : -1))) };
}

/** Sizes that name the batch and the channels become scales, where those give the same sizes. */
function scales({ inputs: [x, , , sizes], outputs: [y], attributes }: Node): Target | null {
  if (!sizes || sizes.tensor || attributes.axes || !x?.shape || y?.shape?.length !== x.shape.length)
    return null;
  const from = x.shape;
  const factors = y.shape.map((to, axis) => {
    const size = from[axis];
    if (axis < 2 || to === size) return 1;
    return typeof to === 'number' && typeof size === 'number' ? Math.fround(to / size) : Number.NaN;
  });
  const isExact = factors.every((factor, axis) => {
    const size = from[axis];
    return factor === 1 || (typeof size === 'number' && Math.floor(factor * size) === y.shape![axis]);
  });
  return isExact ? { index: 2, tensor: floats([factors.length], factors) } : null;
}

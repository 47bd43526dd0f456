import { isRefusal, type Refusal, type Rewritten, refuse } from '../../graph/edit/refused.ts';
import { type Graph, type Node, nodeName, onlyOutput, requiredInput } from '../../graph/graph.ts';
import {
  attributesOf,
  knownOperator,
  makeAttributes,
  type OperatorName,
} from '../../graph/operators/index.ts';
import type { ValueUse } from '../../graph/topology.ts';
import { fixedWindow, type WindowAttributes } from '../../graph/window.ts';
import type { RewriteContext } from './rewrite-context.ts';
import { type RewriteOutcome, rewriteNodes } from './rewrite-nodes.ts';

/**
 * Adds the zero padding of a Pad to every Conv and AveragePool that reads it (AveragePool then counts padding). A Pad is kept
 * if some reader cannot have it.
 */
export const foldPadding = (graph: Graph): Rewritten =>
  rewriteNodes(graph, [{ name: 'padding', ops: ['Pad'], rewrite: fold }]);

function fold(node: Node, context: RewriteContext): RewriteOutcome {
  const uses = context.uses.get(onlyOutput(node)) ?? [];
  if (!uses.some((use) => takerOf(use))) return null;
  const pads = spatialPads(node, context);
  if (isRefusal(pads)) return pads;
  const changes: { readonly node: Node; readonly taken: Node['attributes'] }[] = [];
  for (const use of uses) {
    const { node: reader } = use;
    const take = takerOf(use);
    if (!take || !reader)
      return refuse('shared', `${reader?.op ?? 'an output of the network'} also reads it`);
    const taken = take(reader, pads);
    if (isRefusal(taken)) return taken;
    changes.push({ node: reader, taken });
  }
  for (const change of changes) Object.assign(change.node.attributes, change.taken);
  context.replaceUses(onlyOutput(node), requiredInput(node, 0));
  return true;
}

/** Zeros before and after each spatial axis, in ONNX's order; a refusal if other axes or values are padded. */
function spatialPads(node: Node, { numbers }: RewriteContext): number[] | Refusal {
  const [x, pads, value, axes] = node.inputs;
  const { mode } = attributesOf(node, 'Pad');
  if (mode !== 'constant') return refuse('unsupported', `it pads by ${mode}`);
  const rank = x?.shape?.length;
  const [lengths, listed, fill] = [numbers(pads), numbers(axes), numbers(value)];
  if (!rank || !lengths || (axes && !listed) || (value && !fill))
    return refuse('not-constant', 'its pads are not constant');
  if (fill?.some((element) => element !== 0)) return refuse('inexact', 'it pads with a value other than 0');
  const all = new Array<number>(2 * rank).fill(0);
  const order =
    listed?.map((axis) => (axis + rank) % rank) ?? Array.from({ length: rank }, (_, axis) => axis);
  order.forEach((axis, i) => {
    all[axis] = lengths[i] ?? 0;
    all[rank + axis] = lengths[order.length + i] ?? 0;
  });
  if (all.some((pad) => pad < 0)) return refuse('unsupported', 'it crops');
  const image = [...all.slice(2, rank), ...all.slice(rank + 2)];
  const rest = [all[0], all[1], all[rank], all[rank + 1]];
  return rest.some((pad) => pad !== 0) ? refuse('unsupported', 'it pads the batch or channel axis') : image;
}

/** The attributes of a node with additional padding; a refusal if it cannot have it. */
type Taker = (node: Node, pads: readonly number[]) => Node['attributes'] | Refusal;

function takerOf({ node, index }: ValueUse): Taker | undefined {
  const op = node && index === 0 ? knownOperator(node) : null;
  return op ? takers[op] : undefined;
}

const takers: { readonly [Op in OperatorName]?: Taker } = {
  Conv(node, pads) {
    const attributes = attributesOf(node, 'Conv');
    const sum = padsOf(node, attributes, pads);
    return sum ? makeAttributes('Conv', { auto_pad: 'NOTSET', pads: sum }) : dependsOnSize(node);
  },
  AveragePool(node, pads) {
    const attributes = attributesOf(node, 'AveragePool');
    const { kernel_shape: kernel = [], ceil_mode: ceilMode, count_include_pad: counted } = attributes;
    const sum = padsOf(node, attributes, pads);
    if (!sum) return dependsOnSize(node);
    const isPadded = sum.some((pad, i) => pad !== pads[i]);
    if (isPadded && !counted)
      return refuse('inexact', `${nodeName(node)} does not include its padding in the average`);
    if (ceilMode) return refuse('unsupported', `${nodeName(node)} rounds its output size up`);
    // onnxruntime requires that every window overlaps the image.
    const isWide = sum.some((pad, i) => pad >= (kernel[i % kernel.length] ?? 0));
    if (isWide) return refuse('unsupported', `a window of ${nodeName(node)} would cover only padding`);
    return makeAttributes('AveragePool', { auto_pad: 'NOTSET', pads: sum, count_include_pad: 1 });
  },
};

const dependsOnSize = (node: Node): Refusal =>
  refuse('open-size', `the padding of ${nodeName(node)} depends on the size of its input`);

/** The sum of the node's pads and those of the Pad; undefined if the node's depend on open sizes. */
function padsOf(
  node: Node,
  attributes: WindowAttributes & { readonly kernel_shape?: readonly number[] | undefined },
  pads: readonly number[],
): number[] | undefined {
  const kernel = attributes.kernel_shape ?? (node.inputs[1]?.shape?.slice(2) as number[] | undefined) ?? [];
  const window = fixedWindow(node, attributes, kernel);
  return window?.pads.map((pad, i) => pad + (pads[i] ?? 0));
}

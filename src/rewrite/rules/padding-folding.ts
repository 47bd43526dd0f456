import { type Graph, type Node, onlyOutput, requiredInput } from '../../graph/graph.ts';
import { attributesOf, isOperator, makeAttributes } from '../../graph/operators/index.ts';
import { replaceUses, type ValueUse } from '../../graph/topology.ts';
import type { Rewritten } from '../pass.ts';
import { windowOf } from './constant-convolution.ts';
import type { FoldContext } from './fold-context.ts';
import { nameOf, type Outcome, rewriteNodes } from './rewrite-nodes.ts';

/**
 * Adds the zeros that a Pad puts around an image to the padding of every Conv and AveragePool that reads it, an
 * AveragePool then counting them. A Pad whose readers do not all take it is left alone, with the reason.
 */
export function foldPadding(graph: Graph): Rewritten {
  return rewriteNodes(graph, (node, context) => (isOperator(node, 'Pad') ? fold(node, context) : null));
}

function fold(node: Node, context: FoldContext): Outcome {
  const uses = context.uses.get(onlyOutput(node)) ?? [];
  if (!uses.some((use) => takerOf(use))) return null;
  const pads = spatialPads(node, context);
  if (typeof pads === 'string') return pads;
  const changes: (() => void)[] = [];
  for (const use of uses) {
    const taken =
      takerOf(use)?.(use.node!, pads) ?? `${use.node?.op ?? 'an output of the network'} also reads it`;
    if (typeof taken === 'string') return taken;
    changes.push(() => Object.assign(use.node!.attributes, taken));
  }
  for (const change of changes) change();
  replaceUses(context.graph, onlyOutput(node), requiredInput(node, 0));
  return true;
}

/** Zeros before and after each axis of the image, as ONNX lists them; a reason where it pads anything else. */
function spatialPads(node: Node, { numbers }: FoldContext): number[] | string {
  const [x, pads, value, axes] = node.inputs;
  const { mode } = attributesOf(node, 'Pad');
  if (mode !== 'constant') return `it pads by ${mode}`;
  const rank = x?.shape?.length;
  const [lengths, listed, fill] = [numbers(pads), numbers(axes), numbers(value)];
  if (!rank || !lengths || (axes && !listed) || (value && !fill)) return 'its pads are not constant';
  if (fill?.some((element) => element !== 0)) return 'it pads with a value other than 0';
  const all = new Array<number>(2 * rank).fill(0);
  const order =
    listed?.map((axis) => (axis + rank) % rank) ?? Array.from({ length: rank }, (_, axis) => axis);
  order.forEach((axis, i) => {
    all[axis] = lengths[i]!;
    all[rank + axis] = lengths[order.length + i]!;
  });
  if (all.some((pad) => pad < 0)) return 'it crops';
  const image = [...all.slice(2, rank), ...all.slice(rank + 2)];
  const rest = [all[0], all[1], all[rank], all[rank + 1]];
  return rest.some((pad) => pad !== 0) ? 'it pads the batch or channel axis' : image;
}

/** The attributes of a node that takes more padding; a reason where it cannot. */
type Taker = (node: Node, pads: readonly number[]) => Node['attributes'] | string;

const takerOf = ({ node, index }: ValueUse): Taker | undefined =>
  node && index === 0 && node.domain === '' && Object.hasOwn(takers, node.op) ? takers[node.op] : undefined;

const takers: Readonly<Record<string, Taker>> = {
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
    if (isPadded && !counted) return `${nameOf(node)} does not include its padding in the average`;
    if (ceilMode) return `${nameOf(node)} rounds its output size up`;
    // onnxruntime wants something of the image under every window.
    const isWide = sum.some((pad, i) => pad >= kernel[i % kernel.length]!);
    if (isWide) return `a window of ${nameOf(node)} would cover only padding`;
    return makeAttributes('AveragePool', { auto_pad: 'NOTSET', pads: sum, count_include_pad: 1 });
  },
};

const dependsOnSize = (node: Node): string =>
  `the padding of ${nameOf(node)} depends on the size of its input`;

/** Own pads and those of the Pad; undefined where the own ones are open. */
function padsOf(
  node: Node,
  attributes: Parameters<typeof windowOf>[1] & { readonly kernel_shape?: readonly number[] | undefined },
  pads: readonly number[],
): number[] | undefined {
  const kernel = attributes.kernel_shape ?? (node.inputs[1]?.shape?.slice(2) as number[] | undefined) ?? [];
  const window = windowOf(node, attributes, kernel);
  return window?.pads.map((pad, i) => pad + pads[i]!);
}

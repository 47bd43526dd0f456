import { type Refused, refuse, refusedAt } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { digest } from '../measure/timer.ts';
import { serializeModel } from '../onnx/index.ts';
import { isQuantized } from '../quantization/operators.ts';
import { canonicalForm, expectFloat32, foldConstants, foldNetwork } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type DeadFilterRemoval, removeDeadFilters } from '../stripes/remove-dead.ts';
import { fillWidths } from './widths.ts';

/** What is shipped at the least: BatchNormalization folded, dead filters and what does nothing gone, weights initializers. */
export interface Prepared {
  readonly graph: Graph;
  /** The network with nothing but its constants folded. */
  readonly withConstants: Graph;
  /** Of the graph: what is timed of its variants is filed under it. */
  readonly digest: string;
  readonly leftAlone: readonly Refused[];
}

export async function prepareForDeployment(network: Graph, executor: Executor): Promise<Prepared> {
  expectFloat32(network);
  const withConstants = await foldConstants(canonicalForm(network).graph, executor);
  const removal = removeDeadFilters(withConstants);
  const { graph } = await foldNetwork(removal.graph, { executor });
  const leftAlone = keptFilters(removal);
  const integers = graph.nodes.find(isQuantized);
  if (integers) {
    const refusal = refuse('unsupported', 'the network is already quantised to 8-bit integers');
    leftAlone.push(refusedAt(integers, refusal));
  }
  return { graph, withConstants, digest: await digest(serializeModel(graph)), leftAlone };
}

/** The layers of which zero filters are kept. */
export const keptFilters = ({ leftAlone }: DeadFilterRemoval): Refused[] =>
  leftAlone.map(({ filters, reason, ...rest }) => ({
    ...rest,
    reason: `zero filters are kept (${filters}): ${reason}`,
  }));

/** The prepared network in one of the widths that engines may like. */
export interface Variant {
  /** Its layers' filters are filled up to multiples of this. */
  readonly multiple: number;
  readonly graph: Graph;
}

/** Blocks of vector units: with 8 floats, and with 16. */
const BLOCKS = [8, 16];

/** The network as it is, and filled up to blocks where that changes anything. */
export function widthVariants(graph: Graph): Variant[] {
  const variants: Variant[] = [{ multiple: 1, graph }];
  const seen = new Set([widthsOf(graph)]);
  for (const multiple of BLOCKS) {
    const filled = fillWidths(graph, multiple).graph;
    const widths = widthsOf(filled);
    if (!seen.has(widths)) variants.push({ multiple, graph: filled });
    seen.add(widths);
  }
  return variants;
}

const widthsOf = ({ nodes }: Graph): string =>
  nodes.flatMap((node) => (isOperator(node, 'Conv') ? [node.inputs[1]?.shape?.[0]] : [])).join();

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

/**
 * A network after all rewrites that always apply: BatchNormalization folded, dead filters and redundant nodes removed,
 * weights as initializers.
 */
export interface Prepared {
  readonly graph: Graph;
  /** The network with only its constants folded. */
  readonly withConstants: Graph;
  /** A digest of the graph, the cache key of times of its variants. */
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

/** The layers whose zero filters are kept. */
export const keptFilters = ({ leftAlone }: DeadFilterRemoval): Refused[] =>
  leftAlone.map(({ filters, reason, ...rest }) => ({
    ...rest,
    reason: `zero filters are kept (${filters}): ${reason}`,
  }));

/** The prepared network with padded layer widths. */
export interface Variant {
  /** The numbers of filters are padded to multiples of this number. */
  readonly multiple: number;
  readonly graph: Graph;
}

/** Block sizes of vector units: 8 and 16 floats. */
const BLOCKS = [8, 16];

/** The unchanged network, and variants with padded widths if they differ. */
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

import type { Graph } from '../graph/graph.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { layerCosts } from '../measure/macs.ts';
import { expectFloat32, foldBatchNormalization, verifyEquivalent } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type DeadFilterRemoval, removeDeadFilters } from '../stripes/remove-dead.ts';
import { writtenPlan } from './forms/index.ts';
import { type LoweredNetwork, lowerConvolutions } from './lower.ts';
import type { WrittenForm } from './written-forms.ts';

/** Options of {@link compressStripes}. */
export interface CompressOptions {
  readonly executor: Executor;
  /** The form of layers with dead stripes in the lowered network. */
  readonly form: WrittenForm;
  /** Largest allowed error against the masked network, relative to its largest output. Default 1e-4. */
  readonly tolerance?: number;
  /** Whether to compare both results with the masked network; default true. */
  readonly verify?: boolean;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/** A masked network without its zero filters, and a form of it that skips its zero stripes. */
export interface Compressed {
  /** Without zero filters: ordinary convolutions with their BatchNormalization, which can be trained. */
  readonly dense: Graph;
  readonly removal: DeadFilterRemoval;
  /** With BatchNormalization folded and dead stripes skipped. */
  readonly lowered: LoweredNetwork;
  /** The largest error found against the masked network; null if not verified. */
  readonly error: number | null;
}

/**
 * Makes a masked network small: removes dead filters and branches, folds BatchNormalization, and rewrites each convolution
 * with dead stripes in the given form. Throws `verification` if either result differs from the masked network in the
 * executor.
 *
 * @example
 * const { dense, lowered } = await compressStripes(masked, { executor: onnxruntime, form: 'stripe' });
 * writeModelFile(lowered.graph, 'small.onnx');
 */
export async function compressStripes(masked: Graph, options: CompressOptions): Promise<Compressed> {
  const { executor, form, tolerance = 1e-4, verify = true, size } = options;
  expectFloat32(masked);
  const removal = removeDeadFilters(masked);
  const folded = foldBatchNormalization(removal.graph).graph;
  const lowered = await lowerConvolutions(folded, ({ conv }) => writtenPlan(conv, form));
  let largest = 0;
  const at = size === undefined ? {} : { size: extents(size) };
  for (const { graph } of verify ? [removal, lowered] : []) {
    const { error } = await verifyEquivalent(masked, graph, { executor, tolerance, ...at });
    largest = Math.max(largest, error);
  }
  return { dense: removal.graph, removal, lowered, error: verify ? largest : null };
}

/** The name of the original layer to which a convolution of the lowered network belongs. */
const originalLayer = (name: string): string =>
  name.replace(/\.(part\d+(\.box\d+)?|box\d+|tap\d+|stripes|shift|sum)(_\d+)?$/, '');

/** Costs per image of a lowered network, by the names of the original layers. */
export function originalLayerCosts(lowered: Graph, size?: ImageSize) {
  const layers = new Map<string, { name: string; macs: number; parameters: number }>();
  for (const { name: part, macs, parameters } of layerCosts(lowered, { size })) {
    const name = originalLayer(part);
    const sum = layers.get(name) ?? { name, macs: 0, parameters: 0 };
    layers.set(name, { name, macs: sum.macs + macs, parameters: sum.parameters + parameters });
  }
  return [...layers.values()];
}

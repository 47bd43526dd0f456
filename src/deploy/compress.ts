import type { Graph } from '../graph/graph.ts';
import { foldBatchNormalization, verifyEquivalent } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type DeadFilterRemoval, removeDeadFilters } from '../stripes/remove-dead.ts';
import { type FormChooser, type Lowering, lowerStripes } from './forms/index.ts';

export interface CompressOptions {
  readonly executor: Executor;
  /** How each lowered network picks the forms of its layers. */
  readonly choosers: readonly FormChooser[];
  /** Dead filters stay where they fill a width up to a multiple of this. Default 1: none stays. */
  readonly multiple?: number;
  /** Largest error against the masked network, relative to its largest output. Default 1e-4. */
  readonly tolerance?: number;
}

export interface Compressed {
  /** Without its dead filters: ordinary convolutions, BatchNormalization kept, ready to be trained on. */
  readonly dense: Graph;
  readonly removal: DeadFilterRemoval;
  /** BatchNormalization folded and dead stripes skipped, one network a chooser, ready to be shipped. */
  readonly lowered: readonly Lowering[];
  /** The largest error found against the masked network. */
  readonly error: number;
}

/**
 * Makes a masked network small: dead filters and branches go, BatchNormalization is folded, and each convolution with
 * dead stripes takes the form that a chooser picks. All results are run against the masked network in the executor;
 * throws EspalierError('verification') where they differ.
 */
export async function compressStripes(masked: Graph, options: CompressOptions): Promise<Compressed> {
  const { executor, choosers, multiple = 1, tolerance = 1e-4 } = options;
  const removal = removeDeadFilters(masked, { multiple });
  const folded = foldBatchNormalization(removal.graph).graph;
  const lowered: Lowering[] = [];
  for (const choose of choosers) lowered.push(await lowerStripes(folded, choose));
  let largest = 0;
  for (const { graph } of [removal, ...lowered]) {
    const { error } = await verifyEquivalent(masked, graph, { executor, tolerance });
    largest = Math.max(largest, error);
  }
  return { dense: removal.graph, removal, lowered, error: largest };
}

/** The layer of the network before lowering that a convolution of the lowered one belongs to. */
export const originalLayer = (name: string): string => name.replace(/\.(shape\d+|tap\d+)(_\d+)?$/, '');

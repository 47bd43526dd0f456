import type { Graph } from '../graph/graph.ts';
import { foldBatchNormalization, verifyEquivalent } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type FormChooser, type Lowering, lowerStripes } from './lower/index.ts';
import { type DeadFilterRemoval, removeDeadFilters } from './remove-dead.ts';

export interface CompressOptions {
  readonly executor: Executor;
  readonly choose: FormChooser;
  /** Largest error against the masked network, relative to its largest output. Default 1e-4. */
  readonly tolerance?: number;
}

export interface Compressed {
  /** Without its dead filters: ordinary convolutions, BatchNormalization kept, ready to be trained on. */
  readonly dense: Graph;
  /** BatchNormalization folded and dead stripes skipped, ready to be shipped. */
  readonly deployed: Graph;
  readonly removal: DeadFilterRemoval;
  readonly lowering: Lowering;
  /** The error found against the masked network. */
  readonly error: number;
}

/**
 * Makes a masked network small: dead filters and branches go, BatchNormalization is folded, and each convolution with
 * dead stripes takes the form that `choose` picks. Both results are run against the masked network in the executor;
 * throws EspalierError('verification') where they differ.
 */
export async function compressStripes(masked: Graph, options: CompressOptions): Promise<Compressed> {
  const { executor, choose, tolerance = 1e-4 } = options;
  const removal = removeDeadFilters(masked);
  const folded = foldBatchNormalization(removal.graph).graph;
  const lowering = await lowerStripes(folded, choose);
  await verifyEquivalent(masked, removal.graph, { executor, tolerance });
  const { error } = await verifyEquivalent(masked, lowering.graph, { executor, tolerance });
  return { dense: removal.graph, deployed: lowering.graph, removal, lowering, error };
}

/** The layer of the network before lowering that a convolution of the lowered one belongs to. */
export const originalLayer = (name: string): string => name.replace(/\.(shape\d+|tap\d+)(_\d+)?$/, '');

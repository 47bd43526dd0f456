import type { Graph, Value } from '../../graph/graph.ts';
import { taskOf } from '../../training/tasks/index.ts';
import type { PruningJob, RetrainingJob } from '../iterative/job.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { GradualOptions } from './controller.ts';
import type { GradualCosting } from './tied-costs.ts';

/** The channel sets that are masked during training, and the conversion of the trained network. */
export interface GradualScheme extends Pick<GradualOptions, 'sets' | 'costs' | 'freezes'> {
  /** The network in training. */
  readonly prepared: PreparedNetwork;
  /** Converts the trained network to an equivalent one, which is written. Default: no conversion. */
  finish?(trained: Graph): Graph;
}

/** The cost that a job reduces, and the cost by which it divides scores. */
export const costingOf = ({ settings: { target, per }, timer }: PruningJob): GradualCosting => ({
  measure: target.measure,
  per: per ?? 'macs',
  timer: timer ?? undefined,
});

/** The values of a network that the loss of a job reads. */
export const lossReads = (network: Graph, { retraining }: RetrainingJob): readonly Value[] =>
  taskOf(retraining.options()).reads(network);

import type { Graph, Value } from '../../graph/graph.ts';
import { taskOf } from '../../training/tasks/index.ts';
import type { PruningJob, RetrainingJob } from '../iterative/job.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { GradualOptions } from './controller.ts';
import type { Costing } from './tied-costs.ts';

/** What is masked while a network trains, and what becomes of the network afterwards. */
export interface GradualScheme extends Pick<GradualOptions, 'sets' | 'costs' | 'freezes'> {
  /** The network in training. */
  readonly prepared: PreparedNetwork;
  /** The network that is written of the one that was trained, which computes the same. Default: that one itself. */
  finish?(trained: Graph): Graph;
}

/** What a job saves, and what it divides scores by. */
export const costingOf = ({ settings: { target, per }, timer }: PruningJob): Costing => ({
  measure: target.measure,
  per: per ?? 'macs',
  timer: timer ?? undefined,
});

/** The values of a network that the loss of a job reads. */
export const lossReads = (network: Graph, { retraining }: RetrainingJob): readonly Value[] =>
  taskOf(retraining.options()).reads(network);

import { type TrainResult, train } from '../../training/train.ts';
import type { RetrainingJob } from '../iterative/job.ts';
import { stepRun } from '../iterative/saved-start.ts';
import { recordTraining } from '../iterative/steps.ts';
import { setCounts } from '../ranking/units.ts';
import { type GradualController, type GradualOptions, gradualController } from './controller.ts';

/** A network trained with masks, which are multiplied in, and its controller. */
export interface GradualTraining extends TrainResult {
  readonly controller: GradualController;
}

/** Names of the fractions of each cost in the record of an epoch. */
const metrics = {
  ratio: 'channelsKept',
  macs: 'macsKept',
  parameters: 'parametersKept',
  latency: 'latencyKept',
} as const;

/**
 * Trains all epochs of a job while channel sets are masked and removed, in a run directory of its own, which is resumed after
 * an interruption.
 */
export async function trainGradually(
  job: RetrainingJob,
  pruned: Pick<GradualOptions, 'sets' | 'costs' | 'score' | 'freezes'>,
): Promise<GradualTraining> {
  const { settings, retraining } = job;
  const { target, until, maskEvery: every, scope, round, floor, layerRatios = [] } = settings;
  const { measure, fraction } = target;
  const controller = gradualController({
    ...pruned,
    ...{ until, every },
    part: measure === 'ratio' ? 1 - fraction : fraction,
    rules: { scope, round, floor, layerRatios, original: setCounts(pruned.sets.units) },
    metric: metrics[measure],
  });
  const { network } = pruned.sets.without(new Set());
  const own = stepRun(job, 0);
  const result = await train({ ...retraining.options(), ...own, network, controller });
  recordTraining(job, own);
  return { ...result, controller };
}

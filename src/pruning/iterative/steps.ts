import type { Graph } from '../../graph/graph.ts';
import { type NetworkCost, networkCost } from '../../measure/macs.ts';
import type { EpochResult, TrainOptions } from '../../training/options.ts';
import { train } from '../../training/train.ts';
import type { WeightMasks } from '../granularity/masks.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import { type PruningSchedule, stepTargets } from '../schedule.ts';
import { type Cut, cutNetwork, type NewCut } from './cut.ts';
import {
  hasImages,
  type ImageJob,
  isRetrained,
  type PruningJob,
  type RetrainingJob,
  requireRetraining,
} from './job.ts';
import { learnMasks } from './learn-masks.ts';
import { recoveriesOf, recoverNetwork } from './recover.ts';
import { type StartedStep, savedStart, saveStart, stepRun } from './saved-start.ts';
import { type PruningStage, stageOf } from './stages.ts';

/** One pruning step: a cut, recovery and retraining. */
export interface PruneStep {
  /** Number of the step, from 1. */
  readonly step: number;
  readonly target: PruningTarget;
  readonly met: boolean;
  /** The kept fractions of the original's MACs and parameters; null if pieces are zeroed instead of removed. */
  readonly left: NetworkCost | null;
  /** The largest difference from the masked network, relative to its outputs; null if not verified. */
  readonly error: number | null;
  /** Evaluations after the cut, each recovery and retraining; empty without images. */
  readonly stages: readonly PruningStage[];
  readonly epochs: readonly EpochResult[];
}

export interface PrunedInSteps {
  readonly network: Graph;
  /** The network with its residual connections, if `network` has them removed. */
  readonly residual?: Graph;
  readonly steps: readonly PruneStep[];
  /** The last cut. */
  readonly cut: Cut;
}

/** Cuts, recovers and retrains step by step. The target of each step is a fraction of the original network. */
export async function pruneInSteps(job: PruningJob, schedule: PruningSchedule): Promise<PrunedInSteps> {
  const { target, steps: count } = job.settings;
  let { network } = job.original;
  let masks: WeightMasks | null = null;
  let cut: Cut | null = null;
  const steps: PruneStep[] = [];
  for (const [index, own] of stepTargets(target, { steps: count, schedule }).entries()) {
    const start: StartedStep =
      savedStart(job, index) ?? (await cutAndRecover({ network, masks }, job, { index, target: own }));
    ({ cut } = start);
    ({ masks } = cut);
    const done = await retrained(start, job, { index, target: own });
    ({ network } = done);
    steps.push(done.step);
    const { step: number, epochs: _, ...recorded } = done.step;
    job.run?.record({ type: 'prune-step', number, ...recorded });
  }
  return { network, steps, cut: cut! };
}

interface OwnStep {
  /** Index of the step, from 0. */
  readonly index: number;
  readonly target: PruningTarget;
}

async function cutAndRecover(
  { network: given, masks: before }: { readonly network: Graph; readonly masks: WeightMasks | null },
  job: PruningJob,
  { index, target }: OwnStep,
): Promise<StartedStep> {
  const masked =
    job.settings.criterion === 'mask' ? await learnMasks(given, requireRetraining(job), index) : null;
  const request = { target, index, before, ...(masked && { learned: masked.learned }) };
  const cut = await cutNetwork(masked?.network ?? given, job, request);
  const start = hasImages(job)
    ? { cut, ...(await recovered(cut, job, index + 1)) }
    : { cut, network: cut.network, stages: [] };
  if (job.retraining) saveStart(job, index, start);
  return start;
}

/** The network of a cut after each recovery, evaluated before and after them. */
async function recovered(cut: NewCut, job: ImageJob, step: number): Promise<Omit<StartedStep, 'cut'>> {
  let { network } = cut;
  const stages = [await stageOf(network, job, { stage: 'cut', step })];
  for (const recovery of recoveriesOf(job)) {
    network = await recoverNetwork(network, job, { recovery, cut });
    stages.push(await stageOf(network, job, { stage: recovery, step }));
  }
  return { network, stages };
}

async function retrained(
  { network, cut, stages }: StartedStep,
  job: PruningJob,
  { index, target }: OwnStep,
): Promise<{ readonly network: Graph; readonly step: PruneStep }> {
  const { met, error } = cut;
  const left = cut.masks ? null : partsLeft(network, job);
  const step = { step: index + 1, target, met, left, error, stages, epochs: [] };
  if (!isRetrained(job)) return { network, step };
  const trained = await retrain({ network, cut }, job, index);
  const after = await stageOf(trained.network, job, {
    stage: job.retraining.distillation ? 'distilled' : 'retrained',
    step: index + 1,
  });
  return { network: trained.network, step: { ...step, stages: [...stages, after], epochs: trained.epochs } };
}

/** The kept fractions of the original's MACs and parameters. */
export function partsLeft(network: Graph, { original, settings }: PruningJob): NetworkCost {
  const { macs, parameters } = networkCost(network, { size: settings.size });
  const { whole } = original.costs;
  return { macs: macs / whole.macs, parameters: parameters / whole.parameters };
}

/** Retrains in the step's run directory, so that an interrupted step resumes from its checkpoints. */
async function retrain(
  { network, cut }: Pick<StartedStep, 'network' | 'cut'>,
  job: RetrainingJob,
  index: number,
) {
  const { epochs: all, options } = job.retraining;
  const until = (step: number) => Math.floor((all * step) / job.settings.steps);
  const own = stepRun(job, index);
  const result = await train({
    ...options(until(index + 1) - until(index)),
    ...own,
    network,
    ...(cut.controller ? { controller: cut.controller } : {}),
  });
  recordTraining(job, own, until(index));
  return result;
}

/** Copies what a step's own run recorded of training into the record of the job; `before` is the number of earlier epochs. */
export function recordTraining(
  { run: whole }: PruningJob,
  { run: own }: Pick<TrainOptions, 'run'>,
  before = 0,
): void {
  for (const event of own?.readEvents() ?? []) {
    if (event.type === 'epoch') whole?.record({ ...event, epoch: before + Number(event.epoch) });
    if (event.type === 'range-test') whole?.record(event);
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { WeightMasks } from '../../pruning/granularity/masks.ts';
import type { Cost } from '../../pruning/ranking/cost-model.ts';
import type { PruningTarget } from '../../pruning/ranking/targets.ts';
import { isQuantized } from '../../quantization/operators.ts';
import type { EpochResult } from '../../training/options.ts';
import type { Context } from '../command.ts';
import { trainOptions } from '../training/session.ts';
import { targetOf } from './checks.ts';
import { type Cut, cutNetwork } from './cut.ts';
import { retraining } from './flags.ts';
import type { PruneJob } from './job.ts';
import { type StartedStep, savedStart, saveStart, stepFolder } from './saved-cut.ts';
import { type Stage, stageOf } from './stages.ts';

/** One cut and what followed it. */
export interface PruneStep {
  readonly step: number;
  readonly target: PruningTarget;
  readonly met: boolean;
  /** The parts of the original's MACs and parameters that are left; null where pieces are zero instead of removed. */
  readonly left: Cost | null;
  readonly error: number | null;
  /** What the network does where there are images: after the cut, after each recovery, after retraining. */
  readonly stages: readonly Stage[];
  readonly epochs: readonly EpochResult[];
}

export interface PrunedInSteps {
  readonly network: Graph;
  readonly steps: readonly PruneStep[];
  /** The last cut. */
  readonly cut: Cut;
}

/** Cuts, recovers and retrains, step by step, each target being a part of the original. */
export async function pruneInSteps(job: PruneJob, context: Context): Promise<PrunedInSteps> {
  const { stepTargets } = await import('../../pruning/schedule.ts');
  const { settings } = job;
  const targets = stepTargets(targetOf(settings), { steps: settings.steps, schedule: settings.pace });
  let state: { network: Graph; masks: WeightMasks | null } = { network: job.network, masks: null };
  const steps: PruneStep[] = [];
  let cut: Cut | null = null;
  for (const [index, target] of targets.entries()) {
    const work = { job, context, index, target };
    const start = (await savedStart(job, index)) ?? (await cutAndRecover(state, work));
    ({ cut } = start);
    const done = await retrained(start, work);
    steps.push(done.step);
    job.run?.record({ type: 'prune-step', ...recorded(done.step) });
    state = { network: done.network, masks: cut.masks };
  }
  return { network: state.network, steps, cut: cut! };
}

/** What the record keeps of a step: its epochs stand by themselves. */
const recorded = ({ step: number, epochs: _, ...rest }: PruneStep) => ({ number, ...rest });

interface StepWork {
  readonly job: PruneJob;
  readonly context: Context;
  /** From 0. */
  readonly index: number;
  readonly target: PruningTarget;
}

async function cutAndRecover(
  { network: given, masks }: { readonly network: Graph; readonly masks: WeightMasks | null },
  work: StepWork,
): Promise<StartedStep> {
  const { job, context, index, target } = work;
  const cut = await cutNetwork(given, { job, target, context, index, before: masks });
  const stages: Stage[] = [];
  const look = async (stage: string, network: Graph) => {
    if (job.data) stages.push(await stageOf(stage, network, { job, context, step: index + 1 }));
  };
  await look('cut', cut.network);
  let { network } = cut;
  for (const recovery of recoveries(job)) {
    network = await recover(recovery, { network, cut, job });
    await look(recovery, network);
  }
  const start = { network, cut, stages };
  if (job.session) await saveStart(job, index, start);
  return start;
}

async function retrained(
  { network, cut, stages }: StartedStep,
  { job, context, index, target }: StepWork,
): Promise<{ network: Graph; step: PruneStep }> {
  const { met, error } = cut;
  const left = cut.masks ? null : await partsLeft(network, job);
  const step = { step: index + 1, target, met, left, error, stages, epochs: [] };
  if (!job.session) return { network, step };
  const trained = await retrain({ network, cut }, { job, context, index, target });
  const after = await stageOf('retrained', trained.network, { job, context, step: index + 1 });
  return { network: trained.network, step: { ...step, stages: [...stages, after], epochs: trained.epochs } };
}

async function partsLeft(network: Graph, { original, settings }: PruneJob): Promise<Cost> {
  const { costs } = await import('../../measure/macs.ts');
  const { macs, parameters } = costs(network, { size: settings.size });
  return { macs: macs / original.cost.macs, parameters: parameters / original.cost.parameters };
}

type Recovery = 'recalibrate' | 'reconstruct';

/** What follows a cut: both where nothing is retrained. Pieces that went have no channels to reconstruct, and integers stay as they are. */
function recoveries({ settings, data, session, network }: PruneJob): Recovery[] {
  if (!data || network.nodes.some(isQuantized)) return [];
  const wanted = settings.recover ?? (session ? ['recalibrate'] : ['recalibrate', 'reconstruct']);
  return wanted.flatMap((name) => (name === 'none' ? [] : [name]));
}

async function recover(
  recovery: Recovery,
  { network, cut, job }: { readonly network: Graph; readonly cut: Cut; readonly job: PruneJob },
): Promise<Graph> {
  const { executor, data } = job;
  const { calibration } = data!;
  if (recovery === 'recalibrate') {
    const { recalibrate } = await import('../../calibration/recalibrate.ts');
    return recalibrate(network, { calibration, executor });
  }
  if (!cut.reconstruction) return network;
  const { reconstruct } = await import('../../pruning/recovery/reconstruct.ts');
  const { original, keptFilters } = cut.reconstruction;
  const { graph } = await reconstruct({ original, pruned: network, keptFilters, calibration, executor });
  if (!job.session) return graph;
  const { adoptStatistics } = await import('../../pruning/recovery/adopt-statistics.ts');
  return adoptStatistics(graph, { calibration, executor });
}

/** A step's own folder within the run's: its checkpoints, so that it can be gone on with. */
async function retrain(
  { network, cut }: { readonly network: Graph; readonly cut: Cut },
  { job, context, index }: StepWork,
) {
  const { train } = await import('../../training/train.ts');
  const { createRunDirectory, openRunDirectory } = await import('../../training/run-directory.ts');
  const { settings, session } = job;
  const path = stepFolder(job, index);
  const exists = existsSync(join(path, 'recipe.json'));
  const run = exists ? openRunDirectory(path) : createRunDirectory(path, job.run!.recipe);
  const before = shareOf(settings.epochs!, settings.steps, index);
  const result = await train({
    ...trainOptions({ ...session!, network, run }, retraining(settings, before.epochs), context),
    resume: exists,
    ...(cut.controller ? { controller: cut.controller } : {}),
  });
  for (const event of run.readEvents()) {
    if (event.type !== 'epoch') continue;
    job.run!.record({ ...event, epoch: before.done + Number(event.epoch) });
  }
  return result;
}

/** The epochs of a step, and those done before it; the last steps take what does not divide. */
function shareOf(epochs: number, steps: number, index: number): { epochs: number; done: number } {
  const until = (count: number) => Math.floor((epochs * count) / steps);
  return { epochs: until(index + 1) - until(index), done: until(index) };
}

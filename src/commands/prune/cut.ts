import { isLossAlone } from '../../calibration/damage.ts';
import type { Graph } from '../../graph/graph.ts';
import type { PieceGranularity } from '../../pruning/granularity/elements.ts';
import type { WeightMasks } from '../../pruning/granularity/masks.ts';
import type { PieceCriterion } from '../../pruning/granularity/prune-pieces.ts';
import type { ChannelPruningOptions, NextStep, UnitOutcome } from '../../pruning/prune-channels.ts';
import type { RankingOptions } from '../../pruning/rank-channels.ts';
import type { PruningTarget } from '../../pruning/ranking/targets.ts';
import type { Damage } from '../../pruning/sensitivity/greedy.ts';
import type { UnitSensitivity } from '../../pruning/sensitivity/measure.ts';
import type { Controller } from '../../training/options.ts';
import type { Context } from '../command.ts';
import type { PruneSettings } from './flags.ts';
import type { PruneJob } from './job.ts';
import { learnMasks } from './masks.ts';
import { openSearch } from './search.ts';

/** What one cut made of a network. */
export interface Cut {
  /** Ready to be trained on: channels are out, smaller pieces zero. */
  readonly network: Graph;
  /** Keeps smaller pieces at zero while training. */
  readonly controller: Controller | null;
  readonly masks: WeightMasks | null;
  readonly units: readonly UnitOutcome[];
  readonly met: boolean;
  /** Why a cost stays far below its target. */
  readonly nextStep?: NextStep;
  /** Against the masked network; null where there was nothing to compare. */
  readonly error: number | null;
  /** What to reconstruct against: the network before, and the filters that stayed. */
  readonly reconstruction: {
    readonly original: Graph;
    readonly keptFilters: ReadonlyMap<string, readonly number[]>;
  } | null;
}

interface CutRequest {
  readonly job: PruneJob;
  readonly target: PruningTarget;
  readonly context: Context;
  /** Which cut it is, from 0. */
  readonly index: number;
  /** The pieces that earlier steps took. */
  readonly before: WeightMasks | null;
}

/** Cuts a network down to a target of the original, in the granularity of the settings. */
export function cutNetwork(network: Graph, cutting: CutRequest): Promise<Cut> {
  const { granularity, wholePositions } = cutting.job.settings;
  return granularity === 'filter' || granularity === 'channel'
    ? cutChannels(network, cutting)
    : cutPieces(network, { ...cutting, granularity: wholePositions ? 'position' : granularity });
}

async function cutChannels(given: Graph, { job, target, context, index }: CutRequest): Promise<Cut> {
  const { pruneChannels } = await import('../../pruning/prune-channels.ts');
  const masked = job.settings.criterion === 'mask' ? await learnMasks(given, { job, context, index }) : null;
  const searching = openSearch({ job, context, index });
  const options = {
    ...channelOptions(job, target),
    ...(searching ? { search: searching.search } : {}),
    ...(masked ? { learned: masked.learned } : {}),
    ...(index === 0 && !masked && !job.settings.insertBatchnorm ? { reference: fileOf(job) } : {}),
  };
  const pruned = await pruneChannels(masked?.network ?? given, { ...options, signal: context.signal });
  searching?.done();
  if (pruned.constant) context.warn(LOST);
  const { graph, units, met, nextStep, error, keptFilters, prepared } = pruned;
  return {
    network: graph,
    controller: null,
    masks: null,
    units,
    met,
    ...(nextStep ? { nextStep } : {}),
    error,
    reconstruction: { original: prepared, keptFilters },
  };
}

/** What the first cut is compared with: the file, which the network is another form of. */
const fileOf = ({ model: { given, form } }: PruneJob) => ({ graph: given, restore: form.restore });

const LOST = 'the cut goes so deep that the output no longer depends on the input: keep more, or retrain';

/** The options of channel pruning that settings stand for. */
export const channelOptions = (job: PruneJob, target: PruningTarget): ChannelPruningOptions => ({
  ...rankingOptions(job),
  target,
  verify: job.settings.verify,
  outputs: job.settings.outputs,
  ...(job.timer && { timer: job.timer }),
});

/** How settings rank channels. */
export function rankingOptions({
  settings,
  executor,
  data,
  original,
  sensitivity,
}: PruneJob): RankingOptions {
  const { criterion, granularity, scope, round, floor, reduce, per, seed, scoreFolded } = settings;
  return {
    executor,
    // Masks have scores of their own.
    criterion: criterion === 'mask' ? 'l1-norm' : criterion,
    side: granularity === 'channel' ? 'inputs' : 'filters',
    foldBatchNormalization: scoreFolded,
    // Network slimming compares γ of all layers as they are.
    normalize: settings.normalize ?? (criterion === 'bn-scale' ? 'none' : 'mean'),
    reduce,
    per: per ?? null,
    scope,
    round,
    floor,
    layerRatios: ratiosOf(settings),
    seed,
    calibration: data?.calibration ?? null,
    original,
    ...(sensitivity ? { sensitivity: { sensitivities: sensitivity, damage: damageOf(sensitivity) } } : {}),
  };
}

/** The loss where class scores are all that counts, else the error of all outputs. */
const damageOf = (sensitivity: readonly UnitSensitivity[]): Damage =>
  sensitivity.every(({ points }) => points.every(isLossAlone)) ? 'loss' : 'outputError';

/** Excluded layers are those with a ratio of 0. */
const ratiosOf = ({ exclude = [], layerRatio = [] }: PruneSettings) => [
  ...exclude.map((glob) => ({ glob, ratio: 0 })),
  ...layerRatio,
];

async function cutPieces(
  network: Graph,
  { job, target, before, granularity }: CutRequest & { granularity: PieceGranularity },
): Promise<Cut> {
  const { prunePieces } = await import('../../pruning/granularity/prune-pieces.ts');
  const { maskController, withMasks } = await import('../../pruning/granularity/masks.ts');
  const { scope, floor, seed, size, criterion } = job.settings;
  const { masks, layers, met } = prunePieces(network, {
    granularity,
    criterion: criterion as PieceCriterion,
    scope,
    target,
    floor,
    layerRatios: ratiosOf(job.settings),
    seed,
    size,
    ...(before ? { before } : {}),
  });
  return {
    network: withMasks(network, masks),
    controller: maskController(masks),
    masks,
    units: layers.map(({ name, pieces, kept }) => ({ name, layers: [name], channels: pieces, kept })),
    met,
    error: null,
    reconstruction: null,
  };
}

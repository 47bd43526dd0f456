import type { KeptPlaces } from '../../channels/select-slices.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Controller } from '../../training/options.ts';
import type { PieceCriterion } from '../criteria/names.ts';
import type { PieceGranularity } from '../granularity/elements.ts';
import { maskController, type WeightMasks, withMasks } from '../granularity/masks.ts';
import { prunePieces } from '../granularity/prune-pieces.ts';
import { type NextStep, pruneChannels, type UnitOutcome } from '../prune-channels.ts';
import type { RankingOptions } from '../rank-channels.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { KeptFilters } from '../recovery/refits.ts';
import { channelOptions, type PruningJob } from './job.ts';
import { recordedSearch } from './recorded-search.ts';
import { pieceGranularity } from './settings.ts';

/** The result of one cut. */
export interface Cut {
  /** The network with channels removed, or with smaller pieces set to zero. */
  readonly network: Graph;
  /** Keeps zeroed pieces at zero during training; null if channels are removed. */
  readonly controller: Controller | null;
  readonly masks: WeightMasks | null;
  readonly units: readonly UnitOutcome[];
  readonly met: boolean;
  /** The smallest next step, if a cost stays far below its target. */
  readonly nextStep?: NextStep;
  /** Largest difference from the masked network, relative to its outputs; null if not verified. */
  readonly error: number | null;
}

/** A cut with what recovery needs. */
export interface NewCut extends Cut {
  /** The network before the cut. */
  readonly original: Graph;
  /** The kept filters of each layer, by the name of its output; layers without entry keep all. */
  readonly keptFilters: KeptFilters;
  readonly keptPlaces: KeptPlaces;
}

export interface CutRequest {
  readonly target: PruningTarget;
  /** Index of the cut, from 0. */
  readonly index: number;
  /** The pieces that earlier cuts have set to zero. */
  readonly before: WeightMasks | null;
  /** Learned scores of channels, instead of a criterion's. */
  readonly learned?: RankingOptions['learned'];
}

/** Cuts a network to a target, which is a fraction of the original, in the granularity of the settings. */
export async function cutNetwork(network: Graph, job: PruningJob, request: CutRequest): Promise<NewCut> {
  const pieces = pieceGranularity(job.settings);
  return pieces ? cutPieces(network, job, { ...request, pieces }) : cutWholeChannels(network, job, request);
}

async function cutWholeChannels(
  network: Graph,
  job: PruningJob,
  { target, index, learned }: CutRequest,
): Promise<NewCut> {
  const search = recordedSearch(index, job);
  const pruned = await pruneChannels(network === job.original.network ? job.original : network, {
    ...channelOptions(job, target),
    ...(search ? { search } : {}),
    ...(learned ? { learned } : {}),
    ...(index === 0 && !learned && job.reference ? { reference: job.reference } : {}),
  });
  if (pruned.constant) job.onWarning?.(LOST);
  const { graph, units, met, nextStep, error, keptFilters, keptPlaces, prepared } = pruned;
  return {
    network: graph,
    controller: null,
    masks: null,
    units,
    met,
    ...(nextStep ? { nextStep } : {}),
    error,
    original: prepared.graph,
    keptFilters,
    keptPlaces,
  };
}

const LOST = 'the cut removes so much that the output no longer depends on the input: keep more, or retrain';

function cutPieces(
  network: Graph,
  { settings }: PruningJob,
  { target, before, pieces: granularity }: CutRequest & { readonly pieces: PieceGranularity },
): NewCut {
  const { scope, floor, seed, size, criterion, layerRatios = [] } = settings;
  const { masks, layers, met } = prunePieces(network, {
    granularity,
    criterion: criterion as PieceCriterion,
    scope,
    target,
    floor,
    layerRatios,
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
    original: network,
    keptFilters: new Map(),
    keptPlaces: new Map(),
  };
}

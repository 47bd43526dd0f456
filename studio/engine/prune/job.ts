import {
  channelOptions,
  checkRequest,
  type Executor,
  openPruningJob,
  type PruningJob,
  type PruningPlan,
  planRanked,
  type RankedChannels,
  rankChannels,
  rankingOptions,
  type ScoresByLayer,
  scoreLayers,
} from 'espalier/core';
import type { SessionImages } from '../images/images.ts';
import type { Version } from '../types.ts';
import { defaultChoice, type PruneChoice, settingsOf } from './choice.ts';

/** What a choice is applied to. */
export interface PruningSource {
  readonly version: Version;
  /** null without images. */
  readonly images: SessionImages | null;
  readonly executor: Executor;
}

/** The library's pruning job for a choice. Throws `usage` if the choice contradicts itself, or needs images. */
export async function pruningJob(source: PruningSource, choice: PruneChoice): Promise<PruningJob> {
  const { target, criterion, granularity, recover } = choice;
  const { images, version, executor } = source;
  if (version.forms.obstacle) throw version.forms.obstacle;
  checkRequest({
    [target.measure]: target.fraction,
    ...{ criterion, granularity },
    ...(images && { data: images, recover }),
  });
  const { job } = await prepared(source);
  return { ...job, executor, settings: { ...settingsOf(choice), size: version.size } };
}

/** Selects the channels that a cut with the same choice removes. */
export async function plannedChannels(source: PruningSource, choice: PruneChoice): Promise<PruningPlan> {
  const job = await pruningJob(source, choice);
  return planRanked(await ranked(source, { job, choice }), channelOptions(job, choice.target));
}

/** A version that is prepared for pruning. */
interface Prepared {
  readonly job: PruningJob;
  /** The scores of its layers, by criterion and granularity. */
  readonly scores: Map<string, ScoresByLayer>;
  /** The channels as they were ranked last, and the choice, except for the target. */
  latest: { readonly choice: string; readonly ranked: RankedChannels } | null;
}

/**
 * Preparing a network, scoring and ranking its channels take most of the time of a plan. They are done once, so that plans follow a
 * target that moves.
 */
const preparations = new WeakMap<
  Version,
  Pick<PruningSource, 'images'> & { readonly opening: Promise<Prepared> }
>();

function prepared(source: PruningSource): Promise<Prepared> {
  const { version, images } = source;
  const known = preparations.get(version);
  if (known?.images === images) return known.opening;
  const opening = prepare(source);
  preparations.set(version, { images, opening });
  opening.catch(() => preparations.delete(version));
  return opening;
}

async function prepare({ version: { forms, size }, images, executor }: PruningSource): Promise<Prepared> {
  const settings = { ...settingsOf(defaultChoice), size };
  const job = await openPruningJob(forms, { settings, executor, ...images?.source }, null);
  return { job: { ...job, retraining: null }, scores: new Map(), latest: null };
}

interface RankingRequest {
  readonly job: PruningJob;
  readonly choice: PruneChoice;
}

async function ranked(source: PruningSource, { job, choice }: RankingRequest): Promise<RankedChannels> {
  const found = await prepared(source);
  const { target, recover, ...rules } = choice;
  const key = JSON.stringify(rules);
  if (found.latest?.choice === key) return found.latest.ranked;
  const options = { ...rankingOptions(job), layerScores: await scored(found, job) };
  found.latest = { choice: key, ranked: await rankChannels(job.original, options) };
  return found.latest.ranked;
}

async function scored({ scores }: Prepared, job: PruningJob): Promise<ScoresByLayer> {
  const { settings, original } = job;
  const key = `${settings.criterion} ${settings.granularity}`;
  const known = scores.get(key);
  if (known) return known;
  const found = await scoreLayers(original.graph, original.coupling.found, rankingOptions(job));
  scores.set(key, found);
  return found;
}

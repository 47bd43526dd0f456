import {
  channelOptions,
  checkRequest,
  type Executor,
  openPruningJob,
  type PruningJob,
  type PruningPlan,
  planChannels,
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
  const layerScores = await scored(source, job);
  return planChannels(job.original, { ...channelOptions(job, choice.target), layerScores });
}

/** A version that is prepared for pruning, with the scores of its layers by criterion and granularity. */
interface Prepared {
  readonly job: PruningJob;
  readonly scores: Map<string, ScoresByLayer>;
}

/** Preparing a network and scoring its channels take most of the time of a plan: both are done once. */
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
  return { job: { ...job, retraining: null }, scores: new Map() };
}

async function scored(source: PruningSource, job: PruningJob): Promise<ScoresByLayer> {
  const { scores } = await prepared(source);
  const { settings, original } = job;
  const key = `${settings.criterion} ${settings.granularity}`;
  const known = scores.get(key);
  if (known) return known;
  const found = await scoreLayers(original.graph, original.coupling.found, rankingOptions(job));
  scores.set(key, found);
  return found;
}

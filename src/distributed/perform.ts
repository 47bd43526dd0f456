import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openCalibration } from '../calibration/calibration.ts';
import { openDataSet } from '../data/data-sets.ts';
import { EspalierError } from '../errors.ts';
import { readBytes, writeFileAtomically } from '../files.ts';
import { graftEpoch } from '../grafting/graft-epoch.ts';
import { graftLayers } from '../grafting/layers.ts';
import { performTraining } from '../grafting/training-job.ts';
import { withStoredFeeds } from '../measure/beside-image.ts';
import { readModelFile } from '../onnx/model-file.ts';
import { onnxruntime } from '../runtime/onnxruntime/index.ts';
import { forgetAfter, isWhole, newestCheckpoint } from '../training/checkpoint.ts';
import { createRunDirectory, openRunDirectory, type Recipe } from '../training/run-directory.ts';
import { refuseMissingData } from './missing-data.ts';
import type { Store } from './store.ts';
import type { Blended, BlendTask, StoredCheckpoint, Trained, TrainTask } from './tasks.ts';

/** The environment in which a worker executes tasks. */
export interface Workplace {
  /** The worker's folder; it writes nowhere else. */
  readonly root: string;
  readonly store: Store;
  /** The worker's name in results. */
  readonly name: string;
  readonly signal?: AbortSignal;
  /** Threads for tasks that do not specify a number. */
  readonly threads?: number | undefined;
  /** Called with a line about damaged files in the folder. */
  readonly warn?: ((line: string) => void) | undefined;
}

/**
 * Trains a network to the end of a round, from the checkpoint of the task or from the state of an earlier attempt on this
 * worker. The result is the same for any worker and any number of attempts.
 */
export async function performTrain(
  task: TrainTask,
  { root, store, name, signal, threads, warn }: Workplace,
): Promise<Trained> {
  const folder = join(root, task.run, `network-${task.network + 1}`);
  const started = performance.now();
  await refuseMissingData(task.job.data.name, name);
  if (!existsSync(join(folder, 'recipe.json'))) createRunDirectory(folder, task.recipe as unknown as Recipe);
  const model = join(folder, 'start.onnx');
  if (!existsSync(model)) writeFileAtomically(model, [await store.get(task.model)]);
  forgetAfter(folder, task.job.untilStep);
  if (task.checkpoint) await fetchCheckpoint(task.checkpoint, folder, store);
  await performTraining(
    { ...(threads === undefined ? {} : { threads }), ...task.job, model, folder },
    { ...(signal ? { signal } : {}), ...(warn ? { onWarning: warn } : {}) },
  );
  const events = openRunDirectory(folder)
    .readEvents()
    .filter(({ type, step }) => type === 'epoch' && step === task.job.untilStep);
  const checkpoint = await putNewest(folder, store);
  return { network: task.network, checkpoint, events, seconds: secondsSince(started), worker: name };
}

/** Grafts the networks of a run, from their checkpoints in the store. */
export async function performBlend(
  task: BlendTask,
  trained: readonly Trained[],
  { root, store, name }: Workplace,
): Promise<Blended> {
  const started = performance.now();
  await refuseMissingData(task.data.name, name);
  const place = join(root, task.run, `blend-${task.step}`);
  rmSync(place, { recursive: true, force: true });
  const checkpoints = new Map(
    [...task.ready, ...trained].map(({ network, checkpoint }) => [network, checkpoint]),
  );
  const folders: string[] = [];
  for (let network = 0; network < task.networks; network++) {
    const folder = join(place, `network-${network + 1}`);
    mkdirSync(folder, { recursive: true });
    await fetchCheckpoint(checkpoints.get(network)!, folder, store);
    folders.push(folder);
  }
  const model = join(place, 'start.onnx');
  writeFileAtomically(model, [await store.get(task.model)]);
  const network = withStoredFeeds(readModelFile(model));
  const { settings, epoch, step } = task;
  const calibration = () => calibrationOf(task);
  const layers = graftLayers(network);
  await graftEpoch({ folders, network, layers, epoch, step, settings, calibration, executor: onnxruntime });
  const grafted: StoredCheckpoint[] = [];
  for (const folder of folders) grafted.push(await putNewest(folder, store));
  rmSync(place, { recursive: true, force: true });
  return { trained: [...trained], grafted, seconds: secondsSince(started), worker: name };
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;

async function calibrationOf({ data, preprocessing, settings }: BlendTask) {
  const { name, shard: _, ...options } = data;
  const channels = preprocessing.mean.length;
  const { train } = await openDataSet(name, { ...options, channels } as Parameters<typeof openDataSet>[1]);
  return openCalibration(train, { preprocessing, seed: settings.seed });
}

/** Writes a checkpoint from the store into a folder, unless an intact copy is there. */
export async function fetchCheckpoint(
  { name, key }: StoredCheckpoint,
  folder: string,
  store: Store,
): Promise<void> {
  const path = join(folder, name);
  if (!existsSync(path) || !isWhole(path)) writeFileAtomically(path, [await store.get(key)]);
}

/** Stores the newest checkpoint of a folder. */
export async function putNewest(
  folder: string,
  store: Store,
  which: Parameters<typeof newestCheckpoint>[1] = {},
): Promise<StoredCheckpoint> {
  const name = newestCheckpoint(folder, which);
  if (name === null) {
    const of = which.step === undefined ? '' : ` of step ${which.step}`;
    throw new EspalierError('invalid-data', `contains no checkpoint${of}`, { where: folder });
  }
  return { name, key: await store.put(readBytes(join(folder, name))) };
}

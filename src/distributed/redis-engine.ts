import type { FlowJob } from 'bullmq';
import { readBytes } from '../files.ts';
import type {
  RingEngine,
  RingNetworks,
  RoundWork,
  RoundWorkTimes,
  TrainingWatch,
} from '../grafting/engine.ts';
import { isPastGraft, keepNewest, newestCheckpoint } from '../training/checkpoint.ts';
import { openRunDirectory, type Recipe } from '../training/run-directory.ts';
import { fetchCheckpoint, putNewest } from './perform.ts';
import { openTaskQueue, type QueueOptions, resultOf, TASK_OPTIONS, type TaskQueue } from './queue.ts';
import { runNameOf } from './run-name.ts';
import type { Store } from './store.ts';
import {
  type BlendTask,
  checkedBlended,
  checkedTrained,
  QUEUE,
  type Trained,
  type TrainTask,
} from './tasks.ts';

export interface RedisEngineOptions extends QueueOptions {
  readonly recipe: Recipe;
}

/** A ring that is processed by a queue. */
interface Work {
  readonly ring: RingNetworks;
  readonly recipe: Recipe;
  readonly run: string;
  readonly tasks: TaskQueue;
}

/**
 * Runs the rounds of a ring on the workers of a queue. Each round is a flow: the training of all networks, then their
 * grafting.
 */
export async function redisEngine(ring: RingNetworks, options: RedisEngineOptions): Promise<RingEngine> {
  const { recipe } = options;
  const tasks = await openTaskQueue(options);
  const work: Work = { ring, recipe, run: runNameOf(recipe), tasks };
  return { round: (round, watching) => throughRound(work, round, watching), close: () => tasks.close() };
}

async function throughRound(work: Work, round: RoundWork, watching: TrainingWatch): Promise<RoundWorkTimes> {
  const { ring, tasks } = work;
  const { behind, grafts } = round;
  const { signal } = watching;
  const folders = ring.members.map(({ folder }) => folder);
  if (behind.length === 0 && (!grafts || folders.every((folder) => isPastGraft(folder, round.step))))
    return { training: [], graft: 0 };
  const ask = () => askFor(work, round);
  const parts = behind.map((network) => trainId(work, round, network));
  if (!grafts) {
    const results = await Promise.all(parts.map((id) => resultOf(tasks, { id, ask, signal })));
    return kept(results.map(checkedTrained), folders, tasks.store);
  }
  const result = await resultOf(tasks, { id: graftId(work, round), parts, ask, signal });
  const { trained, grafted, seconds } = checkedBlended(result);
  const times = await kept(trained, folders, tasks.store);
  for (const [i, checkpoint] of grafted.entries()) {
    await fetchCheckpoint(checkpoint, folders[i]!, tasks.store);
    keepNewest(folders[i]!);
  }
  return { ...times, graft: seconds };
}

/** Writes checkpoints from workers where local training would have written them. */
async function kept(
  results: readonly Trained[],
  folders: readonly string[],
  store: Store,
): Promise<RoundWorkTimes> {
  for (const { network, checkpoint, events } of results) {
    const folder = folders[network]!;
    await fetchCheckpoint(checkpoint, folder, store);
    keepNewest(folder);
    const run = openRunDirectory(folder);
    const known = new Set(run.readEvents().map(({ type, epoch }) => `${type} ${String(epoch)}`));
    for (const event of events) if (!known.has(`${event.type} ${String(event.epoch)}`)) run.record(event);
  }
  return { training: results.map(({ seconds }) => seconds), graft: 0 };
}

const graftId = ({ run }: Work, { step }: RoundWork): string => `${run}-${step}-graft`;
const trainId = ({ run }: Work, { step }: RoundWork, network: number): string =>
  `${run}-${step}-network-${network + 1}`;

/** Adds a round to the queue; tasks that are already there are not changed. */
async function askFor(work: Work, round: RoundWork): Promise<void> {
  const { flows } = work.tasks;
  const { grafts } = round;
  const children: FlowJob[] = [];
  for (const network of round.behind) {
    const opts = { ...TASK_OPTIONS, jobId: trainId(work, round, network), failParentOnFailure: grafts };
    const data = await trainTask(work, round, network);
    children.push({ name: 'train', queueName: QUEUE, data, opts });
  }
  if (!grafts) {
    await flows.addBulk(children);
    return;
  }
  const data = await blendTask(work, round);
  const opts = { ...TASK_OPTIONS, jobId: graftId(work, round) };
  // BullMQ types the options of a flow's children more narrowly than those of jobs.
  await flows.add({ name: 'graft', queueName: QUEUE, data, opts, children } as FlowJob);
}

async function trainTask(
  { ring, recipe, run, tasks: { store } }: Work,
  { epoch, step }: RoundWork,
  network: number,
): Promise<TrainTask> {
  const { model, folder, ...job } = ring.members[network]!;
  return {
    kind: 'train',
    run,
    network,
    epoch,
    model: await store.put(readBytes(model)),
    checkpoint: newestCheckpoint(folder) === null ? null : await putNewest(folder, store),
    recipe: { ...recipe },
    job: { ...job, untilStep: step },
  };
}

async function blendTask(
  { ring, run, tasks: { store } }: Work,
  { epoch, step, behind }: RoundWork,
): Promise<BlendTask> {
  const { members, settings } = ring;
  const ready: BlendTask['ready'] = [];
  for (const [network, { folder }] of members.entries()) {
    if (!behind.includes(network))
      ready.push({ network, checkpoint: await putNewest(folder, store, { ungrafted: true, step }) });
  }
  const { model, data, preprocessing } = members[0]!;
  const { source, level, momentum, threshold, noise, seed } = settings;
  return {
    kind: 'blend',
    run,
    epoch,
    step,
    model: await store.put(readBytes(model)),
    networks: members.length,
    ready,
    settings: { source, level, momentum, threshold, noise, seed },
    data,
    preprocessing,
  };
}

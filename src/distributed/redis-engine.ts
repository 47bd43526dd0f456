import type { FlowJob, FlowProducer, Job, Queue } from 'bullmq';
import { EspalierError } from '../errors.ts';
import { readBytes } from '../files.ts';
import type { EpochWork, RingEngine, RingNetworks, TrainingWatch } from '../grafting/engine.ts';
import { isGrafted, newestCheckpoint } from '../training/checkpoint.ts';
import { openRunDirectory, type Recipe } from '../training/run-directory.ts';
import { connectRedis, shownAddress } from './connection.ts';
import { fetchCheckpoint, putNewest } from './perform.ts';
import { folderStore, redisStore, type Store } from './store.ts';
import {
  type BlendTask,
  checkedBlended,
  checkedTrained,
  QUEUE,
  type Trained,
  type TrainTask,
} from './tasks.ts';
import { taskFailure } from './worker.ts';

export interface RedisEngineOptions {
  readonly redis: string;
  /** A folder that all machines see; Redis itself where left out. */
  readonly store?: string | undefined;
  /** What tells the tasks of this run from those of others: letters, digits and dashes. */
  readonly run: string;
  readonly recipe: Recipe;
  /** Seconds to wait for a worker to show up. Default 600. */
  readonly patience?: number;
  readonly onWait?: (what: string) => void;
}

/** A ring at work over a queue. */
interface Work {
  readonly ring: RingNetworks;
  readonly options: RedisEngineOptions;
  readonly queue: Queue;
  readonly flows: FlowProducer;
  readonly store: Store;
}

/** Milliseconds between two looks at the queue. */
const LOOK = 200;
const ATTEMPTS = 3;

/**
 * Brings the networks of a ring through their epochs on whatever machines listen to a queue: each epoch is a flow, the
 * training of all networks and then their grafting. Tasks have names of their own, and the same result whoever does them,
 * so that what is lost, with a worker or with Redis, is asked for again.
 */
export async function redisEngine(ring: RingNetworks, options: RedisEngineOptions): Promise<RingEngine> {
  const { FlowProducer, Queue } = await import('bullmq');
  const redis = await connectRedis(options.redis);
  const queue = new Queue(QUEUE, { connection: redis });
  const flows = new FlowProducer({ connection: redis });
  // Without listeners an error of the connection would end the process; it comes back by itself.
  queue.on('error', () => {});
  flows.on('error', () => {});
  const store = options.store === undefined ? redisStore(redis) : folderStore(options.store);
  const work: Work = { ring, options, queue, flows, store };
  return {
    epoch: (epoch, watching) => throughEpoch(work, epoch, watching),
    async close() {
      await flows.close();
      await queue.close();
      redis.disconnect();
    },
  };
}

async function throughEpoch(work: Work, epoch: EpochWork, watching: TrainingWatch): Promise<void> {
  const { ring, store } = work;
  const folders = ring.members.map(({ folder }) => folder);
  if (epoch.behind.length === 0 && (!epoch.grafts || folders.every(isGrafted))) return;
  if (epoch.grafts) {
    const { trained, grafted } = checkedBlended(
      await resultOf(work, epoch, { ids: [blendId(work, epoch)], ...watching }),
    );
    for (const result of trained) await keep(result, folders[result.network]!, store);
    for (const [i, checkpoint] of grafted.entries()) await fetchCheckpoint(checkpoint, folders[i]!, store);
    return;
  }
  for (const network of epoch.behind) {
    const id = trainId(work, epoch, network);
    const result = checkedTrained(await resultOf(work, epoch, { ids: [id], ...watching }));
    await keep(result, folders[network]!, store);
  }
}

/** What a worker brought is put where training here would have left it. */
async function keep({ checkpoint, events }: Trained, folder: string, store: Store): Promise<void> {
  await fetchCheckpoint(checkpoint, folder, store);
  const run = openRunDirectory(folder);
  const known = new Set(run.readEvents().map(({ type, epoch }) => `${type} ${String(epoch)}`));
  for (const event of events) if (!known.has(`${event.type} ${String(event.epoch)}`)) run.record(event);
}

const blendId = ({ options }: Work, { epoch }: EpochWork): string => `${options.run}-${epoch}-graft`;
const trainId = ({ options }: Work, { epoch }: EpochWork, network: number): string =>
  `${options.run}-${epoch}-network-${network + 1}`;

interface Awaiting extends TrainingWatch {
  readonly ids: readonly [string];
}

/** Waits for a task, and asks for it, and those that it hangs on, whenever the queue does not know it. */
async function resultOf(work: Work, epoch: EpochWork, { ids: [id], signal }: Awaiting): Promise<unknown> {
  const { queue, options } = work;
  let seen = Date.now();
  for (;;) {
    if (signal?.aborted) throw new EspalierError('interrupted', 'interrupted: go on with --resume');
    const job: Job | undefined = await queue.getJob(id);
    if (!job) await ask(work, epoch);
    else if (await job.isCompleted()) return job.returnvalue;
    else await refuseFailed(work, epoch, job);
    if ((await queue.getWorkersCount()) > 0) seen = Date.now();
    else if (Date.now() - seen > 1000 * (options.patience ?? 600)) throw alone(options);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

const alone = ({ redis, patience = 600 }: RedisEngineOptions): EspalierError =>
  new EspalierError('runtime', `no worker showed up in ${patience} s: start espalier worker --redis URL`, {
    where: shownAddress(redis),
  });

/** A task that failed for good fails the run, and is named. */
async function refuseFailed(work: Work, epoch: EpochWork, job: Job): Promise<void> {
  const jobs = [job];
  if (epoch.grafts) {
    for (const network of epoch.behind) {
      const child = await work.queue.getJob(trainId(work, epoch, network));
      if (child) jobs.push(child);
    }
  }
  for (const each of jobs.reverse()) {
    if (await each.isFailed()) throw taskFailure(each.failedReason, String(each.id));
  }
}

async function ask(work: Work, epoch: EpochWork): Promise<void> {
  const { flows } = work;
  const children: NonNullable<FlowJob['children']> = [];
  for (const network of epoch.behind) {
    children.push({
      name: 'train',
      queueName: QUEUE,
      data: await trainTask(work, epoch, network),
      opts: {
        jobId: trainId(work, epoch, network),
        attempts: ATTEMPTS,
        failParentOnFailure: epoch.grafts,
        ...KEPT,
      },
    });
  }
  if (!epoch.grafts) {
    await flows.addBulk(children as FlowJob[]);
    return;
  }
  const data = await blendTask(work, epoch);
  const opts = { jobId: blendId(work, epoch), attempts: ATTEMPTS, ...KEPT };
  await flows.add({ name: 'graft', queueName: QUEUE, data, opts, children });
}

/** Results stay for a day: whoever asks again finds them. */
const KEPT = { removeOnComplete: { age: 24 * 3600 }, removeOnFail: { age: 24 * 3600 } };

async function trainTask(
  { ring, options, store }: Work,
  { epoch }: EpochWork,
  network: number,
): Promise<TrainTask> {
  const { model, folder, ...job } = ring.members[network]!;
  return {
    kind: 'train',
    run: options.run,
    network,
    model: await store.put(readBytes(model)),
    checkpoint: newestCheckpoint(folder) === null ? null : await putNewest(folder, store),
    recipe: { ...options.recipe },
    job: { ...job, until: epoch },
  };
}

async function blendTask({ ring, options, store }: Work, { epoch, behind }: EpochWork): Promise<BlendTask> {
  const { members, settings, stepsPerEpoch } = ring;
  const ready: BlendTask['ready'] = [];
  for (const [network, { folder }] of members.entries()) {
    if (!behind.includes(network))
      ready.push({ network, checkpoint: await putNewest(folder, store, { ungrafted: true }) });
  }
  const { model, data, preprocessing } = members[0]!;
  const { source, level, momentum, threshold, noise, seed } = settings;
  return {
    kind: 'blend',
    run: options.run,
    epoch,
    step: epoch * stepsPerEpoch,
    model: await store.put(readBytes(model)),
    networks: members.length,
    ready,
    settings: { source, level, momentum, threshold, noise, seed },
    data,
    preprocessing,
  };
}

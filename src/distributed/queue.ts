import type { FlowProducer, Job, Queue } from 'bullmq';
import { EspalierError } from '../errors.ts';
import { connectRedis, shownAddress } from './connection.ts';
import { loadBullmq } from './packages.ts';
import { folderStore, redisStore, type Store } from './store.ts';
import { QUEUE } from './tasks.ts';
import { taskFailure } from './worker.ts';

export interface QueueOptions {
  readonly redis: string;
  /** A folder that all machines see; Redis itself where left out. */
  readonly store?: string | undefined;
  /** Seconds to wait for a worker to show up. Default 600. */
  readonly patience?: number;
}

/** Whoever asks workers for something. Close it. */
export interface TaskQueue {
  readonly queue: Queue;
  readonly flows: FlowProducer;
  readonly store: Store;
  readonly options: QueueOptions;
  close(): Promise<void>;
}

/** How tasks are kept: results stay for a day, so that whoever asks again finds them. */
export const TASK_OPTIONS = {
  attempts: 3,
  removeOnComplete: { age: 24 * 3600 },
  removeOnFail: { age: 24 * 3600 },
} as const;

export async function openTaskQueue(options: QueueOptions): Promise<TaskQueue> {
  const { FlowProducer, Queue } = await loadBullmq();
  const redis = await connectRedis(options.redis);
  const queue = new Queue(QUEUE, { connection: redis });
  const flows = new FlowProducer({ connection: redis });
  // Without listeners an error of the connection would end the process; it comes back by itself.
  queue.on('error', () => {});
  flows.on('error', () => {});
  const store = options.store === undefined ? redisStore(redis) : folderStore(options.store);
  return {
    queue,
    flows,
    store,
    options,
    async close() {
      await flows.close();
      await queue.close();
      redis.disconnect();
    },
  };
}

/** A task whose result is wanted. */
export interface TaskRequest {
  readonly id: string;
  /** What it is called where it failed. Default: its id; null: nothing. */
  readonly name?: string | null;
  /** Those that it hangs on. */
  readonly parts?: readonly string[];
  /** Puts it into the queue, with those that it hangs on. */
  ask(): Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks at the queue. */
const LOOK = 100;

/**
 * Waits for a task, and asks for it whenever the queue does not know it: tasks have names of their own and the same result
 * whoever does them, so that what is lost, with a worker or with Redis, is asked for again. Throws what a task that failed for
 * good says, and names it.
 */
export async function resultOf(tasks: TaskQueue, wanted: TaskRequest): Promise<unknown> {
  const { queue, options } = tasks;
  await forgetFailure(tasks, wanted);
  let seen = Date.now();
  for (;;) {
    if (wanted.signal?.aborted) throw new EspalierError('interrupted', 'interrupted: continue with `resume`');
    const state = await queue.getJobState(wanted.id);
    // Looked at only now: a job that was read before it was completed has no result yet.
    const job: Job | undefined = await queue.getJob(wanted.id);
    if (!job) await wanted.ask();
    else if (state === 'completed') return job.returnvalue;
    else await refuseFailed(tasks, wanted);
    if ((await queue.getWorkersCount()) > 0) seen = Date.now();
    else if (Date.now() - seen > 1000 * (options.patience ?? 600)) throw alone(options);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

const alone = ({ redis, patience = 600 }: QueueOptions): EspalierError =>
  new EspalierError(
    'runtime',
    `no worker connected within ${patience} s: start one with espalier worker --redis URL`,
    {
      where: shownAddress(redis),
    },
  );

/** The task and its parts, as far as the queue knows them. */
async function jobsOf({ queue }: TaskQueue, { id, parts = [] }: TaskRequest): Promise<Job[]> {
  const jobs = await Promise.all([id, ...parts].map((name) => queue.getJob(name)));
  return jobs.filter((job): job is Job => job !== undefined);
}

/** What failed before is tried again by whoever asks again. */
async function forgetFailure(tasks: TaskQueue, wanted: TaskRequest): Promise<void> {
  const jobs = await jobsOf(tasks, wanted);
  const failed = await Promise.all(jobs.map((job) => job.isFailed()));
  if (!failed.includes(true)) return;
  // The task first: without a part it would begin. One that a worker holds stays.
  for (const job of jobs) await job.remove().catch(() => {});
}

/** Parts are named before the task that hangs on them. */
async function refuseFailed(tasks: TaskQueue, wanted: TaskRequest): Promise<void> {
  for (const job of (await jobsOf(tasks, wanted)).reverse()) {
    if (await job.isFailed()) throw taskFailure(job.failedReason, nameOf(job, wanted));
  }
}

function nameOf({ id }: Job, wanted: TaskRequest): string | null {
  return id === wanted.id && wanted.name !== undefined ? wanted.name : String(id);
}

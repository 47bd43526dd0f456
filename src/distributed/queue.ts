import type { FlowProducer, Job, Queue } from 'bullmq';
import { EspalierError } from '../errors.ts';
import { connectRedis, shownAddress } from './connection.ts';
import { loadBullmq } from './packages.ts';
import { folderStore, redisStore, type Store } from './store.ts';
import { QUEUE } from './tasks.ts';
import { taskFailure } from './worker.ts';

export interface QueueOptions {
  readonly redis: string;
  /** A folder that all machines can access; default: Redis itself. */
  readonly store?: string | undefined;
  /** Seconds to wait for a worker to appear. Default 600. */
  readonly patience?: number;
}

/** The client side of the task queue. Close it. */
export interface TaskQueue {
  readonly queue: Queue;
  readonly flows: FlowProducer;
  readonly store: Store;
  readonly options: QueueOptions;
  close(): Promise<void>;
}

/** Options of tasks: results are kept for a day, so that a client can ask again. */
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
  // Without a listener, a connection error would end the process; the connection recovers by itself.
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

/** A task whose result is requested. */
export interface TaskRequest {
  readonly id: string;
  /** The name of the task in error messages. Default: its id; null: no name. */
  readonly name?: string | null;
  /** Ids of the tasks that it depends on. */
  readonly parts?: readonly string[];
  /** Adds the task to the queue, with those that it depends on. */
  ask(): Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds between two polls of the queue. */
const QUEUE_POLL_MS = 100;

/**
 * Waits for the result of a task, and adds the task to the queue whenever the queue does not know it. Tasks have unique ids
 * and a result that does not depend on the worker, so a task that is lost with a worker or with Redis is simply added again.
 * If a task fails permanently, throws its error with its name.
 */
export async function resultOf(tasks: TaskQueue, wanted: TaskRequest): Promise<unknown> {
  const { queue, options } = tasks;
  await forgetFailure(tasks, wanted);
  let seen = Date.now();
  for (;;) {
    if (wanted.signal?.aborted) throw new EspalierError('interrupted', 'interrupted: continue with `resume`');
    const state = await queue.getJobState(wanted.id);
    // Fetched again: a job that was read before it completed has no result.
    const job: Job | undefined = await queue.getJob(wanted.id);
    if (!job) await wanted.ask();
    else if (state === 'completed') return job.returnvalue;
    else await refuseFailed(tasks, wanted);
    if ((await queue.getWorkersCount()) > 0) seen = Date.now();
    else if (Date.now() - seen > 1000 * (options.patience ?? 600)) throw alone(options);
    await new Promise((resolve) => setTimeout(resolve, QUEUE_POLL_MS));
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

/** The task and its parts that are in the queue. */
async function jobsOf({ queue }: TaskQueue, { id, parts = [] }: TaskRequest): Promise<Job[]> {
  const jobs = await Promise.all([id, ...parts].map((name) => queue.getJob(name)));
  return jobs.filter((job): job is Job => job !== undefined);
}

/** Removes failed tasks, so that a new request tries them again. */
async function forgetFailure(tasks: TaskQueue, wanted: TaskRequest): Promise<void> {
  const jobs = await jobsOf(tasks, wanted);
  const failed = await Promise.all(jobs.map((job) => job.isFailed()));
  if (!failed.includes(true)) return;
  // The task is removed first: without a part it would start. A task that a worker has locked stays.
  for (const job of jobs) await job.remove().catch(() => {});
}

/** Reports failed parts before the task that depends on them. */
async function refuseFailed(tasks: TaskQueue, wanted: TaskRequest): Promise<void> {
  for (const job of (await jobsOf(tasks, wanted)).reverse()) {
    if (await job.isFailed()) throw taskFailure(job.failedReason, nameOf(job, wanted));
  }
}

function nameOf({ id }: Job, wanted: TaskRequest): string | null {
  return id === wanted.id && wanted.name !== undefined ? wanted.name : String(id);
}

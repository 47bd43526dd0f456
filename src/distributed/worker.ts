import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { type ErrorCode, EspalierError } from '../errors.ts';
import { connectRedis } from './connection.ts';
import { loadBullmq } from './packages.ts';
import { performBlend, performTrain, type Workplace } from './perform.ts';
import { folderStore, redisStore } from './store.ts';
import { type CommandDone, type CommandTask, checkedTask, checkedTrained, QUEUE } from './tasks.ts';

export interface WorkerOptions {
  readonly redis: string;
  /** The worker's folder. */
  readonly root: string;
  /** A folder that all machines can access, for exchanging files; default: Redis itself. */
  readonly store?: string | undefined;
  /** Number of tasks processed at a time. Default 1. */
  readonly concurrency?: number;
  /** A task is given to another worker if its worker has not reported for this many seconds. Default 30. */
  readonly stallSeconds?: number;
  readonly signal?: AbortSignal;
  /** Executes a command task. */
  perform(task: CommandTask, place: Workplace): Promise<CommandDone>;
  /** Called once Redis has answered. */
  readonly onReady?: () => void;
  /** Threads for tasks that do not specify a number. */
  readonly threads?: number | undefined;
  /** Called with each task, its run, and `begins`, `done` or `failed: …`. */
  readonly onTask?: (what: string) => void;
}

/** How often a task is restarted after its worker died. */
const STALLS = 3;

/** Processes tasks from a queue in Redis until the signal is aborted; the current task is then returned to the queue. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { Worker } = await loadBullmq();
  const { root, concurrency = 1, stallSeconds = 30, signal, threads } = options;
  const redis = await connectRedis(options.redis);
  options.onReady?.();
  const store = options.store === undefined ? redisStore(redis) : folderStore(options.store);
  const stopping = new AbortController();
  const place: Workplace = {
    root,
    store,
    name: `${hostname()}:${process.pid}`,
    signal: stopping.signal,
    threads,
    warn: options.onTask,
  };
  let active = 0;
  const listen = () =>
    new Worker(
      QUEUE,
      async (job) => {
        active++;
        try {
          return await carryOut(job, place, options);
        } finally {
          active--;
        }
      },
      {
        connection: redis,
        concurrency,
        name: place.name,
        lockDuration: 1000 * stallSeconds,
        stalledInterval: 1000 * Math.max(1, stallSeconds / 2),
        maxStalledCount: STALLS,
      },
    );
  let lost = false;
  redis.on('close', () => {
    lost = true;
  });
  try {
    while (!signal?.aborted) {
      lost = false;
      const worker = listen();
      // Without a listener, a connection error would end the process; the connection recovers by itself.
      worker.on('error', () => {});
      // Background work of a queue must not outlive a lost connection: the worker is opened again with the next one.
      while (!signal?.aborted && !(lost && active === 0 && redis.status === 'ready')) await pause(signal);
      if (signal?.aborted) stopping.abort();
      await Promise.race([worker.close(true), pause(undefined, 5000)]);
    }
  } finally {
    redis.disconnect();
  }
}

async function carryOut(job: Job, place: Workplace, { perform, onTask }: WorkerOptions): Promise<unknown> {
  const task = checkedTask(job.data);
  const what = `${task.run}: ${titleOf(task)}`;
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  onTask?.(`${what}: begins`);
  try {
    const result = await resultFor(task, job, { place, perform });
    onTask?.(`${what}: done after ${seconds()}`);
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    onTask?.(`${what}: failed after ${seconds()}: ${message}`);
    if (!(error instanceof EspalierError && FINAL.has(error.code))) throw error;
    const { UnrecoverableError } = await loadBullmq();
    throw new UnrecoverableError(message);
  }
}

/** Errors that another attempt would reproduce. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['diverged', 'unsupported', 'shape', 'verification', 'usage']);

type Task = ReturnType<typeof checkedTask>;

const titleOf = (task: Task): string => {
  if (task.kind === 'command') return task.name;
  return task.kind === 'train'
    ? `network ${task.network + 1}, epoch ${task.epoch}`
    : `graft, epoch ${task.epoch}`;
};

interface At extends Pick<WorkerOptions, 'perform'> {
  readonly place: Workplace;
}

async function resultFor(task: Task, job: Job, { place, perform }: At): Promise<unknown> {
  if (task.kind === 'command') return perform(task, place);
  if (task.kind === 'train') return performTrain(task, place);
  const trained = Object.values(await job.getChildrenValues()).map(checkedTrained);
  return performBlend(task, trained, place);
}

/** Milliseconds between two checks of the connection. */
const CONNECTION_POLL_MS = 200;

/** Waits for a time, or until the signal. */
const pause = (signal?: AbortSignal, milliseconds = CONNECTION_POLL_MS): Promise<void> =>
  setTimeout(milliseconds, undefined, signal ? { signal } : {}).catch(() => {});

/** The error of a failed task, from the reason stored in the queue. */
export function taskFailure(reason: string, where: string | null): EspalierError {
  const lost = reason.includes('stalled more than allowable limit');
  return new EspalierError('runtime', lost ? `lost its worker ${STALLS + 1} times` : reason, {
    ...(where === null ? {} : { where }),
  });
}

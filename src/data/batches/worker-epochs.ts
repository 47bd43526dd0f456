import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { EspalierError } from '../../errors.ts';
import type { Order, Reply, WorkerTask } from './messages.ts';
import type { Batch } from './prepare.ts';

/** Number of batches that are prepared ahead of the consumer. */
const AHEAD = 4;

/** Where to start within an epoch. */
export interface EpochStart {
  readonly epoch: number;
  readonly firstStep: number;
}

/** Epochs that are prepared in a worker thread. Close it. */
export interface WorkerEpochs {
  epoch(start: EpochStart): AsyncGenerator<Batch, void>;
  close(): Promise<void>;
}

/**
 * Prepares batches in a worker thread, which is started with the first epoch and reused after epochs that are read to their
 * end.
 */
export function workerEpochs(task: WorkerTask): WorkerEpochs {
  let idle: Worker | null = null;
  const running = new Set<Worker>();

  async function* epoch(start: EpochStart): AsyncGenerator<Batch, void> {
    const worker = idle ?? startWorker(task);
    idle = null;
    running.add(worker);
    worker.ref();
    let ended = false;
    try {
      yield* batchesFrom(worker, start);
      ended = true;
    } finally {
      running.delete(worker);
      worker.unref(); // an idle worker must not keep the process alive
      // A worker stopped within an epoch would still send its batches: the next epoch uses a new worker.
      if (ended && !idle) idle = worker;
      else await worker.terminate();
    }
  }

  const close = async () => {
    const workers = idle ? [...running, idle] : [...running];
    idle = null;
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  return { epoch, close };
}

async function* batchesFrom(worker: Worker, start: EpochStart): AsyncGenerator<Batch, void> {
  // Starts listening before the order is sent, so that no message is lost.
  const replies = on(worker, 'message', { close: ['exit'] });
  order(worker, { kind: 'start', ahead: AHEAD, ...start });
  try {
    for await (const [reply] of replies as AsyncIterable<[Reply]>) {
      if (reply.kind === 'end') return;
      if (reply.kind === 'failed') throw new EspalierError(reply.code, reply.message, { where: reply.where });
      order(worker, { kind: 'more' });
      yield reply.batch;
    }
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    throw new EspalierError('runtime', `the batch worker failed: ${(cause as Error).message}`, { cause });
  }
  throw new EspalierError('interrupted', 'the batch worker ended before the epoch');
}

function order(worker: Worker, message: Order): void {
  worker.postMessage(message);
}

function startWorker(task: WorkerTask): Worker {
  const script = import.meta.url.endsWith('.ts') ? './batch-worker-from-sources.mjs' : './batch-worker.js';
  return new Worker(new URL(script, import.meta.url), { workerData: task });
}

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, EspalierError } from '../errors.ts';
import type { StepProgress } from '../training/options.ts';
import type { Trainers } from './engine.ts';
import type { TrainingJob } from './training-job.ts';

/** An order to a process: run a job, or stop after the current step. */
export type ProcessOrder = { readonly kind: 'train'; readonly job: TrainingJob } | { readonly kind: 'stop' };

export type ProcessReply =
  | { readonly kind: 'step'; readonly progress: StepProgress }
  | { readonly kind: 'done'; readonly seconds: number }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly where?: string | undefined;
    };

type TrainingWatch = Parameters<Trainers['run']>[1];

/** How often a job is restarted after its process died. */
const RETRIES = 2;

interface ProcessOptions {
  /** Maximum number of simultaneous processes. */
  readonly limit: number;
  /** Threads of each process, unless a job specifies them. */
  readonly threads: number;
}

/**
 * Trains in processes of this machine, at most `limit` at a time. If a process dies, its job continues in a new process from
 * the newest checkpoint; after repeated failures, an error names the job.
 */
export function processTrainers({ limit, threads }: ProcessOptions): Trainers {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const start = (): ChildProcess => {
    const fresh = fork(script(), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    all.add(fresh);
    fresh.once('exit', () => all.delete(fresh));
    return fresh;
  };

  async function carryOut(index: number, job: TrainingJob, watching: TrainingWatch): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const worker = idle.pop() ?? start();
      const end = await perform(worker, { threads, ...job }, { ...watching, index });
      if ('seconds' in end) {
        idle.push(worker);
        return end.seconds;
      }
      if (attempt === RETRIES)
        throw new EspalierError('runtime', `its process died of ${end.died} ${RETRIES + 1} times`, {
          where: job.folder,
        });
    }
  }

  return {
    async run(jobs, watching) {
      const waiting = jobs.map((job, index) => ({ job, index }));
      const seconds: number[] = [];
      const lane = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift())
          seconds[next.index] = await carryOut(next.index, next.job, watching);
      };
      const lanes = Array.from({ length: Math.min(limit, jobs.length) }, lane);
      const results = await Promise.allSettled(lanes);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      return seconds;
    },
    async close() {
      for (const worker of all) worker.kill('SIGTERM');
      idle.length = 0;
    },
  };
}

const script = (): string => {
  const name = import.meta.url.endsWith('.ts')
    ? './training-process-from-sources.mjs'
    : './training-process.js';
  return fileURLToPath(new URL(name, import.meta.url));
};

/** How a job ended: finished, or by the death of its process. */
type JobEnd = { readonly seconds: number } | { readonly died: string };

/** Runs a job. Throws the job's error. */
function perform(
  worker: ChildProcess,
  job: TrainingJob,
  { signal, onStep, index }: TrainingWatch & { readonly index: number },
): Promise<JobEnd> {
  const stop = () => void (worker.connected && worker.send({ kind: 'stop' } satisfies ProcessOrder));
  return new Promise((resolve, reject) => {
    const onMessage = (reply: ProcessReply) => {
      if (reply.kind === 'step') onStep?.(index, reply.progress);
      else finish(() => (reply.kind === 'done' ? resolve(reply) : reject(errorOf(reply))));
    };
    const onExit = (code: number | null, killed: string | null) =>
      finish(() => resolve({ died: killed ?? `code ${code}` }));
    const finish = (settle: () => void) => {
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    signal?.addEventListener('abort', stop);
    worker.send({ kind: 'train', job } satisfies ProcessOrder);
    if (signal?.aborted) stop();
  });
}

const errorOf = ({ code, message, where }: Extract<ProcessReply, { kind: 'failed' }>): EspalierError =>
  new EspalierError(code, message, where === undefined ? {} : { where });

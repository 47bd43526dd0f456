import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, EspalierError } from '../errors.ts';
import type { StepProgress } from '../training/options.ts';
import type { Trainers } from './engine.ts';
import type { TrainingJob } from './training-job.ts';

/** What a process is told: to carry out a job, or to stop after the step that it is at. */
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

/** How often a job is begun again after its process died. */
const RETRIES = 2;

interface ProcessOptions {
  /** Processes at a time. */
  readonly limit: number;
  /** Of each, where a job says nothing of them. */
  readonly threads: number;
}

/**
 * Trains in processes of this machine, as many at a time as there are jobs, at most `limit`. A process that dies is replaced,
 * and its job gone on with from its newest checkpoint; where that fails again and again it is named.
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

/** How the job of a process ended: done, or with the process, and how. */
type JobEnd = { readonly seconds: number } | { readonly died: string };

/** Throws what the job threw. */
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

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
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly where?: string | undefined;
    };

type TrainingWatch = Parameters<Trainers['run']>[1];

/** How often a job is begun again after its process died. */
const RETRIES = 2;

/**
 * Trains in processes of this machine, as many at a time as there are jobs, at most `limit`. A process that dies is replaced,
 * and its job gone on with from its newest checkpoint; where that fails again and again it is named.
 */
export function processTrainers(limit: number): Trainers {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const start = (): ChildProcess => {
    const fresh = fork(script(), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    all.add(fresh);
    fresh.once('exit', () => all.delete(fresh));
    return fresh;
  };

  async function carryOut(index: number, job: TrainingJob, watching: TrainingWatch): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const worker = idle.pop() ?? start();
      const end = await perform(worker, job, { ...watching, index });
      if (end === null) {
        idle.push(worker);
        return;
      }
      if (attempt === RETRIES)
        throw new EspalierError('runtime', `its process ended with ${end}, ${RETRIES + 1} times`, {
          where: job.folder,
        });
    }
  }

  return {
    async run(jobs, watching) {
      const waiting = jobs.map((job, index) => ({ job, index }));
      const lane = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift())
          await carryOut(next.index, next.job, watching);
      };
      const lanes = Array.from({ length: Math.min(limit, jobs.length) }, lane);
      const results = await Promise.allSettled(lanes);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
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

/** null once the job is done; how the process ended where it died before. Throws what the job threw. */
function perform(
  worker: ChildProcess,
  job: TrainingJob,
  { signal, onStep, index }: TrainingWatch & { readonly index: number },
): Promise<string | null> {
  const stop = () => void (worker.connected && worker.send({ kind: 'stop' } satisfies ProcessOrder));
  return new Promise<string | null>((resolve, reject) => {
    const onMessage = (reply: ProcessReply) => {
      if (reply.kind === 'step') onStep?.(index, reply.progress);
      else finish(() => (reply.kind === 'done' ? resolve(null) : reject(errorOf(reply))));
    };
    const onExit = (code: number | null, killed: string | null) =>
      finish(() => resolve(killed ?? `code ${code}`));
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

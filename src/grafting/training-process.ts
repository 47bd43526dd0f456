import { EspalierError } from '../errors.ts';
import type { ProcessOrder, ProcessReply } from './processes.ts';
import { performTraining } from './training-job.ts';

/** A process that runs training jobs, one at a time, for its parent process. */
let current: AbortController | null = null;

const reply = (message: ProcessReply): void => void process.send?.(message);

process.on('message', (order: ProcessOrder) => {
  if (order.kind === 'stop') current?.abort();
  else void perform(order.job);
});
// Ctrl-C reaches all processes of a terminal; the parent process decides what to do.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));

async function perform(job: unknown): Promise<void> {
  current = new AbortController();
  const started = performance.now();
  try {
    await performTraining(job, {
      signal: current.signal,
      onStep: (progress) => reply({ kind: 'step', progress }),
    });
    reply({ kind: 'done', seconds: (performance.now() - started) / 1000 });
  } catch (error) {
    reply(failure(error));
  }
}

/** Converts an error to a message. */
function failure(error: unknown): ProcessReply {
  if (error instanceof EspalierError) {
    const { code, message, where } = error;
    return { kind: 'failed', code, message: where ? message.slice(where.length + 2) : message, where };
  }
  return { kind: 'failed', code: 'runtime', message: String(error) };
}

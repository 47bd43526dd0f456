import { EspalierError, type Executor } from 'espalier/core';
import type { Control, EngineTools } from './types.ts';

/** A long operation in phases: progress is reported with the time left, and the runs of its executor can be interrupted. */
export interface Operation {
  /** Throws `interrupted` once the operation is cancelled. */
  readonly executor: Executor;
  /** Ends the phase before, if any, and begins the next one. Throws `interrupted` once the operation is cancelled. */
  begin(label: string): Promise<void>;
  /** The same for callbacks of the library, which cannot be waited for. */
  beginNow(label: string): void;
}

/** Starts an operation with a number of phases. */
export function openOperation(phases: number, tools: EngineTools, control: Control): Operation {
  const started = tools.now();
  const check = checkpoint(tools, control);
  let done = -1;
  const beginNow = (label: string) => {
    done++;
    const secondsLeft = done === 0 ? null : (((tools.now() - started) / 1000) * (phases - done)) / done;
    control.progress?.({ label, done, total: phases, secondsLeft });
  };
  return {
    executor: interruptible(tools.executor, check),
    async begin(label) {
      await check();
      beginNow(label);
    },
    beginNow,
  };
}

/** A worker receives messages, such as that to cancel, only between tasks: it pauses this often, in milliseconds. */
const PAUSE_EVERY = 50;

/** A function that pauses if the last pause is some time ago, and throws `interrupted` once the operation is cancelled. */
function checkpoint({ now }: EngineTools, { signal }: Control): () => Promise<void> {
  let paused = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - paused > PAUSE_EVERY) {
      await new Promise((resolve) => setTimeout(resolve));
      paused = now();
    }
    if (signal?.aborted) throw new EspalierError('interrupted', 'cancelled');
  };
}

const interruptible = (executor: Executor, check: () => Promise<void>): Executor => ({
  ...executor,
  async compile(graph, options) {
    await check();
    const program = await executor.compile(graph, options);
    return {
      ...program,
      async run(feeds) {
        await check();
        return program.run(feeds);
      },
    };
  },
});

import { readFileSync, writeFileSync } from 'node:fs';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { DataType, Tensor } from '../numeric/tensor.ts';
import { identityModel } from '../runtime/identity-model.ts';
import { createSession } from '../runtime/onnxruntime/session.ts';
import type { ColdStart } from './cold-start.ts';
import { loadFolder } from './compiled-runner.ts';
import { stopwatch } from './stopwatch.ts';

/** Instructions for the process: a model file or compiled folder, its inputs, and the number of runs. */
export interface StartOrder {
  readonly kind: keyof typeof openers;
  readonly path: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: DataType;
    readonly shape: readonly number[];
    /** null: random contents. */
    readonly contents: Tensor | null;
  }[];
  readonly threads: number;
  readonly runs: number;
}

export type StartReply = ColdStart | { readonly failed: string };

/** The process starts one model, reports its measurements, and exits. */
process.once('message', async (order: StartOrder) => {
  const reply: StartReply = await start(order).catch((error: Error) => ({ failed: error.message }));
  process.send?.(reply, () => process.exit());
});
// Ctrl-C reaches all processes of a terminal; the parent process decides what to do.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));

async function start({ kind, path, inputs, threads, runs }: StartOrder): Promise<ColdStart> {
  const tensors = inputs.map(
    (input, i) => [input.name, input.contents ?? randomTensor(input, random(i))] as const,
  );
  const open = await openers[kind](threads);
  forgetPeak();
  const before = process.memoryUsage.rss();
  const loading = stopwatch();
  const prepare = await open(path);
  const loadMs = loading();
  const run = prepare(tensors);
  const running = stopwatch();
  await run();
  const firstRunMs = running();
  for (let i = 0; i < runs; i++) await run();
  return { loadMs, firstRunMs, peakMemoryBytes: Math.max(0, peakBytes() - before) };
}

type Feed = (tensors: readonly (readonly [name: string, tensor: Tensor])[]) => () => unknown;

/** Each opener starts an engine, loads the model and prepares its inputs. */
const openers = {
  async file(threads: number) {
    const first = await createSession(identityModel(), { threads });
    await first.close();
    return async (path: string): Promise<Feed> => {
      const session = await createSession(path, { threads });
      return (tensors) => {
        const feeds = Object.fromEntries(tensors.map(([name, tensor]) => [name, session.tensor(tensor)]));
        const fetches = Object.fromEntries(session.outputs.map((name) => [name, null]));
        return () => session.run(feeds, fetches);
      };
    };
  },
  async folder(threads: number) {
    return async (path: string): Promise<Feed> => {
      const { inputs, run } = await loadFolder(path, threads);
      return (tensors) => {
        for (const [name, { data }] of tensors) inputs[name]!.set(data as Float32Array);
        return run;
      };
    };
  },
};

/** Resets the peak of resident memory to its current size; only possible on Linux. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {}
}

/** Peak resident memory in bytes. On Linux, getrusage is not used: its peak includes the parent's at the time of fork. */
function peakBytes(): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

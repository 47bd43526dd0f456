import { readFileSync, writeFileSync } from 'node:fs';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { DataType, Tensor } from '../numeric/tensor.ts';
import { identityModel } from '../runtime/identity-model.ts';
import { createSession } from '../runtime/onnxruntime/session.ts';
import type { ColdStart } from './cold-start.ts';
import { loadFolder } from './compiled-runner.ts';
import { stopwatch } from './stopwatch.ts';

/** A model's file or a compiled folder, what to feed it, and how often. */
export interface StartOrder {
  readonly kind: keyof typeof openers;
  readonly path: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: DataType;
    readonly shape: readonly number[];
    /** null: random. */
    readonly contents: Tensor | null;
  }[];
  readonly threads: number;
  readonly runs: number;
}

export type StartReply = ColdStart | { readonly failed: string };

/** A process that starts one model, says what that took, and ends. */
process.once('message', async (order: StartOrder) => {
  const reply: StartReply = await start(order).catch((error: Error) => ({ failed: error.message }));
  process.send?.(reply, () => process.exit());
});
// Ctrl-C reaches all processes of a terminal: the first of them says what to do.
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

/** Each starts an engine, then loads, then feeds what it runs. */
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

/** The peak starts anew from what is resident now; only Linux can. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {}
}

/** The most that was resident. On Linux not getrusage's: it goes on from what the parent had when it forked. */
function peakBytes(): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

import {
  type CompiledNetwork,
  type RunningNetwork,
  supportedModule,
  type ThreadedModules,
  viewsOf,
} from 'espalier/core';

/** What a thread needs to start. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The export that the thread calls in each run. */
  readonly part: string;
  readonly modules: Pick<ThreadedModules, 'threads' | 'barriers' | 'ticketOffset'>;
}

/** The exports of a module for several threads. */
export type Parts = Readonly<Record<string, (base: number, maySleep: number) => void>>;

/** Loads a compiled network for several threads into this worker, which is the first of them. */
export async function instantiateThreads(
  network: CompiledNetwork,
  { threads, barriers, ticketOffset, pages, modules }: ThreadedModules,
): Promise<Omit<RunningNetwork, 'step'> & { close(): void }> {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = await WebAssembly.compile(modules[supportedModule()] as Uint8Array<ArrayBuffer>);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const { part0 } = exports as Parts;
  new Float32Array(memory.buffer).set(network.weights, network.weightsOffset / 4);
  const parts = Array.from({ length: threads - 1 }, (_, i) => `part${i + 1}`);
  const workers = await Promise.all(
    parts.map((part) => startThread({ module, memory, part, modules: { threads, barriers, ticketOffset } })),
  );
  const words = new Int32Array(memory.buffer);
  let runs = 0;
  return {
    inputs: viewsOf(network.inputs, memory.buffer),
    outputs: viewsOf(network.outputs, memory.buffer),
    run() {
      const base = (runs++ * barriers * threads) | 0;
      Atomics.add(words, ticketOffset / 4, 1);
      Atomics.notify(words, ticketOffset / 4);
      part0!(base, 1);
    },
    close: () => workers.forEach((worker) => worker.terminate()),
  };
}

/** Starts a thread, which then waits for the first run. */
async function startThread(start: ThreadStart): Promise<Worker> {
  const worker = new Worker(new URL('./compiled-thread.ts', import.meta.url), { type: 'module' });
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = ({ message }) => reject(new Error(`a thread cannot start: ${message}`));
    worker.postMessage(start);
  });
  return worker;
}

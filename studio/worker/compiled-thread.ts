import type { Parts, ThreadStart } from './compiled-threads.ts';

/** A thread of a compiled network, except the first one: computes its part of each run. */
async function work({ module, memory, part, modules }: ThreadStart): Promise<never> {
  const { threads, barriers, ticketOffset } = modules;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const words = new Int32Array(memory.buffer);
  self.postMessage('ready');
  for (let run = 0; ; run++) {
    Atomics.wait(words, ticketOffset / 4, run | 0);
    (exports as Parts)[part]!((run * barriers * threads) | 0, 1);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => work(data), { once: true });

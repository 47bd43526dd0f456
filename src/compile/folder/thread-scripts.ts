import type { ThreadedModules } from '../../runtime/webassembly/compile.ts';

/** The facts about threads that the scripts need. */
export const threadFacts = ({ threads, barriers, ticketOffset, pages }: ThreadedModules) => ({
  count: threads,
  barriers,
  ticket: ticketOffset,
  pages,
});

/** `model-thread.js`: the script of each thread except the first. */
export const threadScript = `// A thread of a network as WebAssembly, started by model.js.
const port = globalThis.postMessage ? globalThis : (await import('node:worker_threads')).parentPort;
const start = async ({ module, memory, part, threads: { count, barriers, ticket } }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const words = new Int32Array(memory.buffer);
  port.postMessage('ready');
  for (let run = 0; ; run++) {
    Atomics.wait(words, ticket / 4, run | 0);
    exports[part]((run * barriers * count) | 0, 1);
  }
};
if (port.once) port.once('message', start);
else port.addEventListener('message', ({ data }) => start(data), { once: true });
`;

/** The part of `model.js` that is the same for every network compiled for several threads. */
export const threadLoader = `
const threadedBesides = {
  relaxed: () => new URL('./model-relaxed-threads.wasm', import.meta.url),
  baseline: () => new URL('./model-threads.wasm', import.meta.url),
};

async function loadThreads(kind, weights) {
  const { count, barriers, ticket, pages } = network.threads;
  const [code, stored] = await Promise.all([
    contentsOf(threadedBesides[kind]()),
    contentsOf(weights ?? new URL('./model.bin', import.meta.url)),
  ]);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = await WebAssembly.compile(code);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  writeWeights(bytesOf(stored), memory.buffer);
  const parts = Array.from({ length: count - 1 }, (_, i) => 'part' + (i + 1));
  const workers = await Promise.all(parts.map((part) => startThread({ module, memory, part, threads: network.threads })));
  const words = new Int32Array(memory.buffer);
  // The main thread of a page may not sleep.
  const maySleep = globalThis.document ? 0 : 1;
  let runs = 0;
  return {
    module: kind,
    threads: count,
    inputs: viewsOf(network.inputs, memory.buffer),
    outputs: viewsOf(network.outputs, memory.buffer),
    run() {
      const base = (runs++ * barriers * count) | 0;
      Atomics.add(words, ticket / 4, 1);
      Atomics.notify(words, ticket / 4);
      exports.part0(base, maySleep);
    },
    step: (index) => exports.step(index),
    close: () => workers.forEach((worker) => worker.terminate()),
  };
}

/** Starts a thread, which then waits for the first run. */
async function startThread(message) {
  const threads = 'node:worker_threads';
  const isNode = typeof Worker !== 'function';
  const Thread = isNode ? (await import(/* webpackIgnore: true */ /* @vite-ignore */ threads)).Worker : Worker;
  const worker = new Thread(new URL('./model-thread.js', import.meta.url), { type: 'module' });
  await new Promise((resolve, reject) => {
    if (isNode) worker.once('message', resolve).once('error', reject);
    else Object.assign(worker, { onmessage: resolve, onerror: reject });
    worker.postMessage(message);
  });
  // Idle threads do not keep the process alive.
  if (isNode) worker.unref();
  return worker;
}
`;

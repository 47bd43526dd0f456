import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { inferShapes } from '../../../src/graph/shapes/index.ts';
import { withFixedShapes } from '../../../src/measure/bind-shapes.ts';
import { buildModel } from '../../../src/models/index.ts';
import { foldNetwork } from '../../../src/rewrite/fold.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { type CompiledNetwork, compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { partOf } from '../../../src/runtime/webassembly/threads.ts';
import { normals } from '../../support/run-graph.ts';

/** Each thread instantiates the module on the memory of all and computes its part of some runs. */
const thread = `
const { parentPort, workerData: { module, memory, index, base, threads, runs, barriers } } = require('node:worker_threads');
WebAssembly.instantiate(module, { env: { memory } }).then(({ exports }) => {
  for (let run = 0; run < runs; run++) exports['part' + index]((base + run * barriers * threads) | 0, 1);
  parentPort.postMessage('done');
});
`;

/** What several threads compute; each calls its part `runs` times, the counter of barriers beginning at `base`. */
async function runThreads(
  network: CompiledNetwork,
  input: Float32Array,
  { runs, base }: { readonly runs: number; readonly base: number },
): Promise<Float32Array> {
  const { threaded, weights, weightsOffset, inputs, outputs } = network;
  const { Memory, Module } = (globalThis as unknown as { WebAssembly: SharedMemoryInterface }).WebAssembly;
  const { pages, threads, modules, barriers, ticketOffset } = threaded!;
  const memory = new Memory({ initial: pages, maximum: pages, shared: true });
  const numbers = new Float32Array(memory.buffer);
  numbers.set(weights, weightsOffset / 4);
  numbers.set(input, inputs[0]!.offset / 4);
  // The counter stands a line before the ticket.
  new Int32Array(memory.buffer)[(ticketOffset - 64) / 4] = base;
  const module = new Module(modules.baseline);
  const workers = Array.from(
    { length: threads },
    (_, index) =>
      new Worker(thread, {
        eval: true,
        workerData: { module, memory, index, base, threads, runs, barriers },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  await Promise.all(workers.map((worker) => worker.terminate()));
  const { offset, shape } = outputs[0]!;
  return numbers.slice(offset / 4, offset / 4 + shape.reduce((product, size) => product * size, 1));
}

interface SharedMemoryInterface {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
}

describe('threads', () => {
  it.each([2, 3])('%i compute what one computes', async (threads) => {
    const fixed = withFixedShapes(buildModel('mobilenetv2', { size: 64 }), { batch: 1 });
    const { graph } = await foldNetwork(fixed, { executor: onnxruntime });
    inferShapes(graph);
    const network = compileNetwork(graph, { threads });
    const x = normals([1, 3, 64, 64], 5).data;
    const alone = await instantiate(network, 'baseline');
    alone.inputs[graph.inputs[0]!.name]!.set(x);
    alone.run();
    const expected = alone.outputs[graph.outputs[0]!.name]!;
    // The counter may wrap around between two barriers.
    for (const base of [0, 0x7fffffff - 100]) {
      const found = await runThreads(network, x, { runs: 3, base });
      expect(Array.from(found)).toEqual(Array.from(expected));
    }
  });

  it('share the units of a step, each once', () => {
    for (const units of [1, 2, 3, 7, 64])
      for (const threads of [2, 3, 8]) {
        const parts = Array.from({ length: threads }, (_, thread) => partOf({ units }, thread, threads));
        const covered = parts.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, i) => from + i),
        );
        expect(covered).toEqual(Array.from({ length: units }, (_, i) => i));
      }
  });
});

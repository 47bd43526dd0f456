import type { Graph } from '../../src/graph/graph.ts';
import type { Benchmark } from '../../src/measure/latency.ts';
import { temporaryTimings } from '../../src/measure/temporary-timings.ts';
import type { Timer } from '../../src/measure/timer.ts';
import { parseModel } from '../../src/onnx/index.ts';

/** A machine on which a model takes as long as a rule says. */
export function machine(msOf: (graph: Graph) => number): Timer {
  const benchmark: Timer['benchmark'] = async (models) => {
    const times = models.map((bytes) => msOf(parseModel(bytes as Uint8Array)));
    const timed = times.map((minMs) => ({ minMs, ratioSpread: [times[0]! / minMs, times[0]! / minMs] }));
    return { models: timed, threads: 1, batch: 1, rounds: 1 } as unknown as Benchmark;
  };
  return { benchmark, engine: 'test', threads: 1, timings: temporaryTimings() };
}

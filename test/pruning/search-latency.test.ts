import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import type { Benchmark } from '../../src/measure/latency.ts';
import { temporaryTimings } from '../../src/measure/temporary-timings.ts';
import type { Timer } from '../../src/measure/timer.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { parseModel } from '../../src/onnx/index.ts';
import { searchLatency } from '../../src/pruning/ranking/search-latency.ts';
import type { UnitWidths } from '../../src/pruning/ranking/selection.ts';
import type { NarrowingSearch } from '../../src/pruning/ranking/targets.ts';

const CHANNELS = 16;

/** A chain of matrix products: unit i has widths[i] channels. */
function network(widths: UnitWidths): Graph {
  const graph = emptyGraph('chain');
  const g = builderOf(graph);
  let x = g.input('x', 'float32', [1, 1]);
  for (const [i, width] of widths.entries()) {
    x = g.MatMul(x, g.constant(filled([widths[i - 1] ?? 1, width], 0), 'weight'));
  }
  g.output(x, 'y');
  return graph;
}

/** Each unit takes as long as it has blocks of 8 channels. */
function blockTimer() {
  let turns = 0;
  const timer: Timer = {
    engine: 'test 1',
    threads: 1,
    timings: temporaryTimings(),
    benchmark: async (models) => {
      turns++;
      const times = models.map((bytes) => {
        const { initializers } = parseModel(bytes as Uint8Array);
        const blocks = initializers.map(({ tensor }) => Math.ceil(tensor!.shape[1]! / 8));
        return { minMs: blocks.reduce((sum, count) => sum + count, 0) };
      });
      return { models: times } as unknown as Benchmark;
    },
  };
  return { timer, turns: () => turns };
}

/** Ten units of 16 channels, each of which loses the same part: half of them, at one ratio. */
function search(order: NarrowingSearch['order']) {
  const units = [...new Array(10).keys()];
  const { timer, turns } = blockTimer();
  const options = {
    original: { graph: network(units.map(() => CHANNELS)) },
    widths: (ratio: number) => units.map(() => Math.max(1, Math.round(CHANNELS * (1 - ratio)))),
    order,
    pruned: network,
    timer,
  };
  return { reach: (fraction: number) => searchLatency(fraction, options), turns };
}

const inOrder: NarrowingSearch['order'] = (differing) => differing;

describe('reaching a latency that falls in steps', () => {
  it('narrows no more units at the step than it takes', async () => {
    // 20 blocks to begin with, and 10 when all units have lost one: 15 take five units.
    const { widths, met } = await search(inOrder).reach(0.75);
    expect(met).toBe(true);
    expect(widths).toEqual([8, 8, 8, 8, 8, 9, 9, 9, 9, 9]);
  });

  it('narrows those first that lose least', async () => {
    const { widths } = await search((differing) => differing.toReversed()).reach(0.9);
    expect(widths).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 8, 8]);
  });

  it('never exceeds the latency', async () => {
    const { widths } = await search(inOrder).reach(0.73);
    expect(widths.filter((width) => width === 8)).toHaveLength(6);
  });

  it('says where nothing is quick enough', async () => {
    const { widths, met } = await search(inOrder).reach(0.3);
    expect({ widths, met }).toEqual({ widths: new Array(10).fill(1), met: false });
  });

  it('measures each candidate once', async () => {
    const { reach, turns } = search(inOrder);
    await reach(0.75);
    // The ends, seven halvings of the ratio at most, four of ten units; each settles in two turns.
    expect(turns()).toBeLessThanOrEqual(2 * (1 + 7 + 4));
  });
});

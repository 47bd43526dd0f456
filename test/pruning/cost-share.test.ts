import { expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { parseGraph } from '../../src/graph/text/index.ts';
import type { Benchmark } from '../../src/measure/latency.ts';
import { costs } from '../../src/measure/macs.ts';
import { temporaryTimings } from '../../src/measure/temporary-timings.ts';
import type { Timer } from '../../src/measure/timer.ts';
import { parseModel } from '../../src/onnx/index.ts';
import { costModel } from '../../src/pruning/ranking/cost-model.ts';
import { shareCosts } from '../../src/pruning/ranking/cost-share.ts';
import { pruningUnits } from '../../src/pruning/ranking/units.ts';

/** Two units of which each channel scores 1. */
function sharing() {
  const graph = parseGraph(`<opset = 18>
    chain(float32[1, 1, 4, 4] x) => (float32[1, 10, 1, 1] y) {
      float32[4, 1, 3, 3] wa = fill(1)
      float32[2, 4, 1, 1] wb = fill(1)
      float32[10, 2, 1, 1] wc = fill(1)
      a = Conv<pads = [1, 1, 1, 1]>(x, wa)
      b = Conv(a, wb)
      m = GlobalAveragePool(b)
      y = Conv(m, wc)
    }`);
  const coupling = channelGroups(graph);
  const units = pruningUnits(coupling);
  const scores = new Map(units.flatMap(({ sets }) => sets.map((root) => [root, 1] as const)));
  return { network: { graph, coupling, units, costs: costModel(graph, coupling.found) }, scores };
}

/** A machine on which each multiply-accumulate takes a millisecond. */
const timer: Timer = {
  engine: 'test 1',
  threads: 1,
  timings: temporaryTimings(),
  benchmark: async (models) => {
    const times = models.map((bytes) => ({ medianMs: costs(parseModel(bytes as Uint8Array)).macs }));
    return { models: times } as unknown as Benchmark;
  },
};

it('divides scores by the milliseconds that a channel set takes in the engine of the timer', async () => {
  const { network, scores } = sharing();
  const shared = await shareCosts(network, { per: 'ms', scores, timer });
  const [a, b] = network.units.map(({ sets }) => shared.get(sets[0]!)!);
  // Without one channel of a: 16·(9 + 2) MACs fewer; without one of b: 16·4 + 10.
  expect(a! / b!).toBeCloseTo((16 * 4 + 10) / (16 * 11), 6);
});

it('refuses milliseconds without a timer', async () => {
  const { network, scores } = sharing();
  await expect(shareCosts(network, { per: 'ms', scores })).rejects.toThrow(
    'scores per millisecond: expected a timer, found none',
  );
});

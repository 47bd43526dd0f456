import { expect, it } from 'vitest';
import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { rankChannels } from '../../src/pruning/rank-channels.ts';
import { convertResiduals } from '../../src/residual/convert-residuals.ts';
import { foldBatchNormalization } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { residualNetwork } from '../support/small-network.ts';

const WIDTH = 8;
/** Of block.conv1, before x is carried along behind them. */
const OWN = WIDTH + 4;

const weightOf = (graph: Graph, name: string) => graph.nodes.find((node) => node.name === name)!.inputs[1]!;

/** A block without its Add: 12 filters of block.conv1, then 8 that carry the stem's channels. */
function plainBlock(): Graph {
  const { graph } = convertResiduals(foldBatchNormalization(residualNetwork({ width: WIDTH })).graph);
  expect(weightOf(graph, 'block.conv1').tensor!.shape).toEqual([OWN + WIDTH, WIDTH, 3, 3]);
  return graph;
}

/** The block with the first filters of a layer multiplied. */
function scaled(name: string, factorOf: (filter: number) => number): Graph {
  const graph = cloneGraph(plainBlock());
  const weight = weightOf(graph, name);
  const { shape, data } = weight.tensor!;
  const size = data.length / shape[0]!;
  weight.tensor = floats(
    shape,
    (data as Float32Array).map((x, i) => x * factorOf(Math.floor(i / size))),
  );
  return graph;
}

/** The filters that go where layers lose as many as that, by layer. */
async function removed(
  graph: Graph,
  losses: Readonly<Record<string, number>>,
  criterion: Criterion = 'l1-norm',
): Promise<Record<string, number[]>> {
  const { prepared, selector } = await rankChannels(graph, {
    executor: onnxruntime,
    criterion,
    side: 'filters',
    normalize: 'mean',
    reduce: 'mean',
    scope: 'local',
    round: 1,
    floor: 0,
    layerRatios: [],
    seed: 1,
    calibration: null,
  });
  const { units } = prepared;
  const gone = selector.removed(units.map(({ name, sets }) => sets.length - (losses[name] ?? 0)));
  return Object.fromEntries(
    units.map(({ name, sets }) => [name, sets.flatMap((root, filter) => (gone.has(root) ? [filter] : []))]),
  );
}

/** The filters of a layer that go first, as many as that. */
const lowest = async (graph: Graph, name: string, count: number, criterion: Criterion): Promise<number[]> =>
  (await removed(graph, { [name]: count }, criterion))[name]!;

const criteria = ['l1-norm', 'l2-norm', 'geometric-median', 'weight-rank'] as const;
type Criterion = (typeof criteria)[number];

it.each(criteria)(
  '%s: how large the others are does not decide whether carried channels go',
  async (criterion) => {
    const own = await Promise.all(
      [1 / 64, 1, 64].map((factor) =>
        lowest(
          scaled('block.conv1', (m) => (m < OWN ? factor : 1)),
          'block.conv1',
          10,
          criterion,
        ),
      ),
    );
    expect(own[0]).toHaveLength(10);
    expect(own[0]).toEqual(own[1]);
    expect(own[2]).toEqual(own[1]);
  },
);

it.each(['l1-norm', 'l2-norm'] as const)(
  '%s: carried channels rank as what they carry',
  async (criterion) => {
    // The stem's filters 2 and 5 are next to nothing, 0 and 7 above all.
    const factors: Readonly<Record<number, number>> = { 2: 0.001, 5: 0.002, 0: 100, 7: 100 };
    const graph = scaled('stem', (m) => factors[m] ?? 1);
    expect(await lowest(graph, 'stem', 2, criterion)).toEqual([2, 5]);
    expect(await lowest(graph, 'block.conv1', 2, criterion)).toEqual([OWN + 2, OWN + 5]);
    const left = await lowest(graph, 'block.conv1', OWN + WIDTH - 2, criterion);
    expect(left).not.toContain(OWN);
    expect(left).not.toContain(OWN + 7);
  },
);

it('what multiplies a channel weighs what it weighs', async () => {
  // 3·x in place of x, above the others, which are made small.
  const small = (m: number) => (m < OWN ? 0.001 : 3);
  const lasting = await lowest(scaled('block.conv1', small), 'block.conv1', OWN, 'l1-norm');
  expect(lasting).toEqual(Array.from({ length: OWN }, (_, m) => m));
});

it('what carries a channel that went goes first, whatever it scores', async () => {
  const graph = scaled('stem', (m) => (m === 0 || m === 7 ? 100 : 1));
  const { stem, 'block.conv1': carrying } = await removed(graph, { stem: 7, 'block.conv1': 8 });
  expect(stem).toHaveLength(7);
  const empty = stem!.map((m) => OWN + m);
  expect(carrying!.filter((m) => m >= OWN)).toEqual(empty);
  expect(carrying).toHaveLength(8);
  // More of them than the layer was to lose: nothing is left of any.
  const { 'block.conv1': all } = await removed(graph, { stem: 7, 'block.conv1': 3 });
  expect(all).toEqual(empty);
});

import { describe, expect, test } from 'vitest';
import { openCalibration } from '../../src/calibration/calibration.ts';
import { openComparison } from '../../src/calibration/comparison.ts';
import { outputsOnImages } from '../../src/calibration/outputs-on-images.ts';
import { ensembleOf } from '../../src/grafting/ensemble.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { type Dim, emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { withInputFeeds } from '../../src/graph/inputs/input-feeds.ts';
import { evaluate } from '../../src/measure/accuracy.ts';
import {
  describeOthers,
  withFeedsStored,
  withOthersFed,
  withStoredFeeds,
} from '../../src/measure/beside-image.ts';
import { random } from '../../src/numeric/random.ts';
import { floats, makeTensor, type Tensor } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import type { EpochResult } from '../../src/training/options.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { train } from '../../src/training/train.ts';
import { trainingOptions } from '../support/training-options.ts';

type Layout = 'NCHW' | 'NHWC' | 'CHW' | 'HWC';

interface Case {
  readonly layout: Layout;
  readonly batch: Dim;
  readonly sizes: readonly [Dim, Dim];
}

const cases: Case[] = [
  { layout: 'NCHW', batch: 'N', sizes: ['H', 'W'] },
  { layout: 'NCHW', batch: null, sizes: [null, null] },
  { layout: 'NCHW', batch: 1, sizes: [8, 8] },
  { layout: 'NCHW', batch: 16, sizes: [8, 8] },
  { layout: 'NHWC', batch: 'N', sizes: ['H', 'W'] },
  { layout: 'CHW', batch: 1, sizes: [8, 8] },
  { layout: 'HWC', batch: 1, sizes: [8, 8] },
];

const draw = (shape: readonly number[], seed: number): Tensor => {
  const { normal } = random(seed);
  return floats(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal));
};

/** What the inputs beside the image hold: of the image's size, of one number, of a row, an index. */
const contents = {
  mask: draw([1, 1, 8, 8], 1),
  alpha: floats([], [0.5]),
  shift: draw([1, 6], 2),
  row: makeTensor('int64', [1], BigInt64Array.of(3n)),
};

/** The contents as feeds; where the network fixes a batch, the same row for each image of it. */
const feedsOf = ({ batch }: Case) =>
  Object.fromEntries(
    Object.entries(contents).map(([name, tensor]) => {
      const count = typeof batch === 'number' && (name === 'mask' || name === 'shift') ? batch : 1;
      const rows = Array.from({ length: count }, () => Array.from(tensor.data as Float32Array)).flat();
      const whole = count === 1 ? tensor : floats([count, ...tensor.shape.slice(1)], rows);
      return [name, { shape: whole.shape, contents: whole }];
    }),
  );

const feeds = feedsOf({ layout: 'NCHW', batch: 'N', sizes: ['H', 'W'] });

/** A classifier with inputs beside its image, the mask first; or the one that has their contents as constants. */
function network({ layout, batch, sizes: [height, width] }: Case, isConstant = false): Graph {
  const g = builderOf(emptyGraph('several'));
  const images = layout.includes('N') ? batch : 1;
  const beside = (name: keyof typeof contents, shape: Dim[], dtype: 'float32' | 'int64' = 'float32') =>
    isConstant ? g.constant(contents[name]) : g.input(name, dtype, shape);
  const mask = beside('mask', [images, 1, height, width]);
  const shapes = { NCHW: [batch, 3, height, width], NHWC: [batch, height, width, 3] };
  const single = { CHW: [3, height, width], HWC: [height, width, 3] };
  const x = asBatch(g, g.input('alpha.image', 'float32', { ...shapes, ...single }[layout]), layout);
  const hidden = g.Relu(g.Conv(x, g.constant(draw([6, 3, 3, 3], 3)), null, { pads: [1, 1, 1, 1] }));
  const masked = g.Mul(g.Mul(hidden, mask), beside('alpha', []));
  const pooled = g.Flatten(g.GlobalAveragePool(masked));
  const shifted = g.Add(pooled, beside('shift', [images, 6]));
  const table = g.constant(draw([5, 6], 4));
  const moved = g.Add(shifted, g.Gather(table, beside('row', [1], 'int64')));
  g.output(g.Gemm(moved, g.constant(draw([6, 4], 5)), g.floats([0, 0, 0, 0])), 'scores');
  return g.graph;
}

function asBatch(g: Builder, x: Value, layout: Layout): Value {
  if (layout === 'CHW') return g.Unsqueeze(x, g.int64s([0]));
  if (layout === 'HWC') return g.Unsqueeze(g.Transpose(x, { perm: [2, 0, 1] }), g.int64s([0]));
  return layout === 'NHWC' ? g.Transpose(x, { perm: [0, 3, 1, 2] }) : x;
}

const { data, preprocessing } = trainingOptions(emptyGraph('none'));
const options = { executor: onnxruntime, preprocessing, threads: 1 };

async function lossesOf(graph: Graph): Promise<number[]> {
  const losses: number[] = [];
  const settings = {
    epochs: 1,
    logits: 'scores',
    // Constants would be trained as well.
    learningRate: 0,
    onEpoch: ({ loss, testLoss = 0 }: EpochResult) => void losses.push(loss, testLoss),
  };
  await train(trainingOptions(await prepareNetwork(graph, onnxruntime), settings));
  return losses;
}

describe('inputs beside the image', () => {
  test.each(cases)('are fed as told where images are looked at: %o', async (each) => {
    const told = withInputFeeds(network(each), feedsOf(each));
    const constant = network(each, true);
    const [found, expected] = [
      await evaluate(told, data.test, options),
      await evaluate(constant, data.test, options),
    ];
    expect(found).toEqual(expected);
    const calibration = await openCalibration(data.test, { preprocessing, batch: 16, seed: 1 });
    const [seen, wanted] = await Promise.all(
      [told, constant].map((graph) =>
        outputsOnImages(graph, [{ value: graph.outputs[0]!, keep: 'numbers' }], {
          calibration,
          executor: onnxruntime,
        }),
      ),
    );
    expect(seen).toEqual(wanted);
    const { original } = await openComparison(told, { calibration, executor: onnxruntime });
    expect(original.top1).toBeCloseTo(found.top1, 6);
    expect(original.loss).toBeCloseTo(found.loss, 4);
  });

  test.each(cases.slice(0, 5))('are fed as told while a network trains: %o', async (each) => {
    if (each.batch === 1) return;
    const found = await lossesOf(withInputFeeds(network(each), feedsOf(each)));
    const expected = await lossesOf(network(each, true));
    expect(found).toHaveLength(2);
    for (const [i, loss] of found.entries()) expect(loss).toBeCloseTo(expected[i]!, 4);
  });

  test('get the same numbers for every image where nothing is told, and that is said', async () => {
    const graph = network(cases[0]!);
    const fed = withOthersFed(graph, { size: { height: 8, width: 8 } });
    expect(fed.inputs.map(({ name, feed }) => [name, feed?.shape])).toEqual([
      ['mask', [1, 1, 8, 8]],
      ['alpha.image', undefined],
      ['alpha', []],
      ['shift', [1, 6]],
      ['row', [1]],
    ]);
    expect(withOthersFed(graph, { size: 8 })).toEqual(fed);
    expect(describeOthers(withInputFeeds(graph, { alpha: feeds.alpha! }), fed).slice(0, 2)).toEqual([
      'mask uses random numbers [1, 1, 8, 8], the same for every image: set its values with `feed` mask=FILE',
      'alpha uses the values [] from `feed`',
    ]);
    const all = await evaluate(graph, data.test, { ...options, batch: 32 });
    const few = await evaluate(graph, data.test, { ...options, batch: 5 });
    expect(few.loss).toBeCloseTo(all.loss, 5);
  });

  test('travel in a file as the defaults of inputs', () => {
    const told = withInputFeeds(network(cases[0]!), feeds);
    const read = parseModel(serializeModel(withFeedsStored(told)));
    const back = withStoredFeeds(read);
    expect(back.initializers.map(({ name }) => name)).toEqual(told.initializers.map(({ name }) => name));
    expect(back.inputs.map(({ name, feed }) => [name, feed])).toEqual(
      told.inputs.map(({ name, feed }) => [name, feed]),
    );
    expect(back.inputs.map(({ shape }) => shape)).toEqual(told.inputs.map(({ shape }) => shape));
  });

  test('are shared by the networks of an ensemble', async () => {
    const one = withInputFeeds(network(cases[0]!), feeds);
    const together = await evaluate(ensembleOf([one, one]), data.test, options);
    expect(together.loss).toBeCloseTo((await evaluate(one, data.test, options)).loss, 5);
  });

  test('of another number of images are refused', async () => {
    const told = withInputFeeds(network(cases[0]!), {
      ...feeds,
      shift: { shape: [3, 6], contents: draw([3, 6], 1) },
    });
    await expect(evaluate(told, data.test, options)).rejects.toThrow();
  });
});

import { describe, expect, it } from 'vitest';
import {
  type Augmentation,
  type Benchmark,
  costs,
  type Graph,
  onnxruntime,
  openCalibration,
  prune,
  recalibrate,
  type Timer,
  tensorData,
} from '../../../src/index.ts';
import { temporaryTimings } from '../../../src/measure/temporary-timings.ts';
import { float32Data, floats } from '../../../src/numeric/tensor.ts';
import { parseModel } from '../../../src/onnx/index.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { syntheticImages } from '../../support/synthetic-images.ts';

/** Images as float32 tensors that the network takes as they are. */
function tensors(count: number, seed: number) {
  const source = syntheticImages({ count, size: 8, channels: 3, classes: 4, seed });
  const pixels = new Uint8Array(count * 192);
  for (let i = 0; i < count; i++) source.read(i, pixels.subarray(i * 192, (i + 1) * 192));
  const images = floats(
    [count, 3, 8, 8],
    Float32Array.from(pixels, (x) => (x - 127) / 64),
  );
  return { images, labels: source.labels };
}

const data = tensorData({ train: tensors(64, 1), test: tensors(32, 2) });
const training = { batch: 16, learningRate: 0.05, threads: 1 };
const gradually = { round: 1, maskEvery: 1, data, epochs: 4, training };

const widths = (graph: Graph): unknown[] =>
  graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs[1]!.tensor!.shape[0]);

/** A machine on which a network takes a constant, and the square root of its MACs. */
const timer: Timer = {
  engine: 'test 1',
  threads: 1,
  timings: temporaryTimings(),
  benchmark: async (models) => {
    const times = models.map((bytes) => {
      const ms = 100 + Math.sqrt(costs(parseModel(bytes as Uint8Array)).macs);
      return { medianMs: ms, minMs: ms, samples: [ms, ms, ms] };
    });
    return { models: times } as unknown as Benchmark;
  },
};

describe('with epochs, a network is pruned while it trains', () => {
  it.each([
    ['macs', 0.5, {}],
    ['macs', 0.5, { criterion: 'l1-norm' }],
    ['macs', 0.5, { criterion: 'bn-scale', per: 'bytes' }],
    ['macs', 0.5, { scope: 'local' }],
    ['parameters', 0.4, {}],
    ['macs', 0.5, { distill: {} }],
    ['macs', 0.5, { training: { ...training, learningRate: 0.3, ema: 0.8, clipNorm: 1, stopAfter: 3 } }],
    ['macs', 0.5, { training: { ...training, learningRate: 'auto' } }],
  ] as const)('to %s %d, %j', async (measure, fraction, options) => {
    const given = residualNetwork({ width: 16 });
    const { graph, steps, met, units } = await prune(given, {
      ...gradually,
      [measure]: fraction,
      ...options,
    });
    expect(met).toBe(true);
    const part = costs(graph)[measure] / costs(given)[measure];
    expect(part).toBeLessThanOrEqual(fraction);
    expect(part).toBeGreaterThan(fraction - 0.09);
    const [{ stages, epochs }] = steps as [(typeof steps)[number]];
    expect(epochs).toHaveLength(4);
    expect(stages.map(({ stage }) => stage)).toEqual([
      'distill' in options ? 'distilled' : 'retrained',
      'recalibrate',
    ]);
    const kept = new Map(units.flatMap(({ layers, kept }) => layers.map((layer) => [layer, kept])));
    expect(widths(graph)).toEqual(['stem', 'block.conv1', 'block.conv2'].map((layer) => kept.get(layer)));
  });

  it('to a part of the channels, in several layers', async () => {
    const { graph } = await prune(residualNetwork({ width: 16 }), { ...gradually, ratio: 0.5 });
    const [stem, inner] = widths(graph) as [number, number];
    expect(stem + inner).toBe((16 + 20) / 2);
  });

  it('to a part of a latency that is measured', async () => {
    const given = residualNetwork({ width: 16 });
    const { graph, met } = await prune(given, { ...gradually, latency: 0.8, timer });
    const ms = (network: Graph) => 100 + Math.sqrt(costs(network).macs);
    expect(met).toBe(true);
    expect(ms(graph) / ms(given)).toBeLessThanOrEqual(0.8);
    expect(ms(graph) / ms(given)).toBeGreaterThan(0.75);
  });

  it('to widths that are multiples, which takes masked channels back', async () => {
    const { graph, met } = await prune(residualNetwork({ width: 16 }), { ...gradually, macs: 0.6, round: 4 });
    expect(met).toBe(true);
    for (const width of widths(graph)) expect(Number(width) % 4).toBe(0);
  });

  it('and keeps what is excluded, and what has a ratio of its own', async () => {
    const layerRatios = [
      { glob: 'stem', ratio: 0 },
      { glob: 'block.conv1', ratio: 0.25 },
    ];
    const { graph } = await prune(residualNetwork({ width: 16 }), { ...gradually, macs: 0.9, layerRatios });
    expect(widths(graph)).toEqual([16, 15, 16]);
  });
});

it('recalibrates on images that are augmented as in training', async () => {
  const halved: Augmentation = {
    name: 'halved',
    apply: ({ image, target }) => image.forEach((x, i) => (target[i] = x / 2)),
  };
  const { graph } = await prune(residualNetwork(), {
    ...gradually,
    macs: 0.6,
    training: { ...training, augmentation: halved },
  });
  const preprocessing = { height: 8, width: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  const calibration = await openCalibration(data.train, { preprocessing, batch: 16, seed: 1 });
  const asTheyAre = await recalibrate(graph, { calibration, executor: onnxruntime });
  const meanOf = ({ initializers }: Graph) =>
    float32Data(initializers.find(({ name }) => name === 'stem.bn.mean')!.tensor);
  const means = meanOf(asTheyAre);
  // What a convolution without a bias makes of half an image is half of what it makes of the image.
  meanOf(graph).forEach((mean, i) => expect(mean).toBeCloseTo(means[i]! / 2, 5));
});

it.each([
  [{ steps: 2 }, ['cut', 'recalibrate', 'retrained']],
  [{ pace: 'cubic' }, ['cut', 'recalibrate', 'retrained']],
] as const)('cuts where %j asks for it', async (options, stages) => {
  const { maskEvery: _, ...others } = gradually;
  const { steps } = await prune(residualNetwork(), { ...others, macs: 0.5, ...options });
  expect(steps[0]!.stages.map(({ stage }) => stage)).toEqual(stages);
});

it.each([
  [{ pace: 'gradual' }, '`pace` gradual needs `data` and `epochs`'],
  [{ pace: 'gradual', data, epochs: 2, steps: 2 }, '`steps` needs `pace` linear or cubic, found gradual'],
  [{ pace: 'gradual', data, epochs: 2, criterion: 'apoz' }, 'needs `pace` linear or cubic, found gradual'],
  [{ until: 0.3, data, epochs: 2, steps: 1 }, '`until` and `maskEvery` need `pace` gradual, found linear'],
] as const)('refuses %o', async (options, message) => {
  await expect(prune(residualNetwork(), { macs: 0.5, ...options })).rejects.toThrow(message);
});

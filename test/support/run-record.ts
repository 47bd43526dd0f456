import { random } from '../../src/numeric/random.ts';
import type { Recipe, RunEvent } from '../../src/training/run-directory.ts';

/** The recipe of a made-up run of stripe-wise pruning. */
export const recipe: Recipe = {
  command: 'swp',
  options: {
    model: 'models/resnet20-cifar10.onnx',
    data: 'cifar10',
    macs: 0.5,
    threshold: 0.01,
    epochs: 8,
    seed: 1,
    out: 'runs/shapes',
  },
  versions: { node: 'v20.20.2', espalier: '0.1.0', 'onnxruntime-node': '1.30.0' },
  machine: { processor: 'Made-up Processor 3 GHz', cores: 2 },
  started: '2026-03-14T09:26:53.000Z',
};

const layerNames = [
  'conv1',
  ...[1, 2, 3].flatMap((stage) =>
    [0, 1, 2].flatMap((block) => [1, 2].map((conv) => `layer${stage}.${block}.conv${conv}`)),
  ),
];

/** The events of that run: 8 epochs, measures before and after, and the shapes of 19 layers. */
export function events(): RunEvent[] {
  const epochs = Array.from({ length: 8 }, (_, i) => ({
    type: 'epoch',
    epoch: i + 1,
    step: (i + 1) * 390,
    loss: 0.21 + 0.3 * Math.exp(-((i - 3.2) ** 2) / 3),
    trainAccuracy: 0.925 - 0.1 * Math.exp(-((i - 3.2) ** 2) / 3),
    testAccuracy: 0.9 - 0.09 * Math.exp(-((i - 3) ** 2) / 2),
    testLoss: 0.33 + 0.25 * Math.exp(-((i - 3) ** 2) / 2),
    macsKept: [0.93, 0.78, 0.61, 0.5, 0.496, 0.496, 0.496, 0.496][i],
    learningRate: 0.03 * (1 + Math.cos((Math.PI * i) / 8)),
    seconds: 31,
    imagesPerSecond: 1612,
  }));
  const shapes = layerNames.map(shapesOf);
  const before = shapes.map(({ layer, filters }) => ({ name: layer, macs: filters * 147456 }));
  const after = shapes.map(({ layer, filters, masks }) => {
    const live = masks.reduce(
      (sum, mask) => sum + [...mask.toString(2)].filter((bit) => bit === '1').length,
      0,
    );
    return { name: layer, macs: Math.round((filters * 147456 * live) / (filters * 9)) };
  });
  const sum = (layers: { macs: number }[]) => layers.reduce((total, { macs }) => total + macs, 0);
  return [
    ...epochs,
    { type: 'shapes', shapes },
    { type: 'layers', before, after },
    {
      type: 'result',
      before: {
        parameters: 269722,
        macs: sum(before),
        bytes: 1109658,
        top1: 0.9173,
        latencyMs: 1.84,
        latencyMinMs: 1.79,
        latencyP90Ms: 1.97,
      },
      after: {
        parameters: 131204,
        macs: sum(after),
        bytes: 541377,
        top1: 0.9021,
        latencyMs: 1.21,
        latencyMinMs: 1.18,
        latencyP90Ms: 1.33,
      },
    },
    {
      type: 'left-alone',
      layers: [{ name: 'layer2.0.shortcut', reason: '1×1 kernel: a filter has one stripe only' }],
    },
  ];
}

/** Random masks in which the corners of the kernel die first. */
function shapesOf(layer: string, index: number) {
  const filters = 16 * 2 ** Math.floor(Math.max(0, index - 1) / 6);
  const draw = random(7, index);
  const odds = [0.25, 0.7, 0.25, 0.7, 0.95, 0.7, 0.25, 0.7, 0.25].map((p) => p * (1 - index / 40));
  const masks = Array.from({ length: filters }, () =>
    draw.uniform() < 0.05 ? 0 : odds.reduce((mask, p, tap) => mask + (draw.uniform() < p ? 2 ** tap : 0), 0),
  );
  return { layer, kernel: [3, 3] as [number, number], filters, masks };
}

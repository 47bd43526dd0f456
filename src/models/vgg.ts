import { cifar10Preprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import type { Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';

const POOL = 'pool';

/** Numbers of filters of the convolutions by depth, stage by stage (table 1 of the paper: A, B, D, E). */
const stages: Readonly<Record<number, readonly number[]>> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};
const widths = [64, 128, 256, 512, 512];

/**
 * VGG for 32×32 images: 3×3 convolutions with BatchNormalization, five max pools, one fully connected layer (512 → classes).
 */
export function vgg(depth: number): NetworkDefinition {
  return {
    title: `VGG-${depth} with BatchNormalization, for CIFAR`,
    paper: 'Simonyan & Zisserman, Very Deep Convolutional Networks, ICLR 2015, arXiv:1409.1556',
    classes: 10,
    preprocessing: cifar10Preprocessing,
    body: (layers, x, classes) => {
      const features = convolutions(layers, x, plan(depth));
      return layers.linear(layers.g.Flatten(features), 'classifier', classes);
    },
  };
}

function plan(depth: number): (number | typeof POOL)[] {
  return stages[depth]!.flatMap((count, stage) => [
    ...Array.from({ length: count }, () => widths[stage]!),
    POOL as typeof POOL,
  ]);
}

/** Named as in torchvision's Sequential, which numbers convolution, BatchNormalization and ReLU separately. */
function convolutions(layers: Layers, image: Value, steps: readonly (number | typeof POOL)[]): Value {
  const { g } = layers;
  let x = image;
  let index = 0;
  for (const step of steps) {
    if (step === POOL) {
      x = pool(layers, x, `features.${index++}`);
      continue;
    }
    x = layers.convolution(x, `features.${index++}`, { filters: step });
    x = layers.batchNormalization(x, `features.${index++}`);
    x = g.named(`features.${index++}`).Relu(x);
  }
  return sizeOf(x) > 1 ? g.GlobalAveragePool(x) : x;
}

/** 2×2 max pooling; skipped on 1×1 maps, which images smaller than 32×32 reach before the last pool. */
function pool({ g }: Layers, x: Value, name: string): Value {
  if (sizeOf(x) === 1) return x;
  return g.named(name).MaxPool(x, { kernel_shape: [2, 2], strides: [2, 2] });
}

const sizeOf = (x: Value): number => x.shape![2] as number;

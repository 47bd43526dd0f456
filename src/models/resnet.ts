import { cifar10Preprocessing, imagenetPreprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { classifier } from './classifier.ts';
import type { Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';
import {
  type Block,
  basicBlock,
  bottleneckBlock,
  paddedShortcut,
  projectedShortcut,
  type ShortcutBuilder,
} from './residual-block.ts';

const paper = 'He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385';

/** Shortcuts where the width of a CIFAR network doubles. A: zero channels, as in the paper; B: a projection. */
export type ShortcutOption = 'A' | 'B';

const shortcuts: { readonly [O in ShortcutOption]: ShortcutBuilder } = {
  A: paddedShortcut,
  B: projectedShortcut,
};

/** ResNet for 32×32 images: 6n + 2 layers, three stages of n blocks with 16, 32 and 64 filters. */
export function cifarResnet(depth: number, option: ShortcutOption): NetworkDefinition {
  return {
    title: `ResNet-${depth} for CIFAR, option ${option} shortcuts`,
    paper,
    classes: 10,
    preprocessing: cifar10Preprocessing,
    body: cifarBody(depth, { block: basicBlock, shortcut: shortcuts[option] }),
  };
}

/** A network of 6n + 2 layers for 32×32 images, built from blocks with two 3×3 convolutions. */
export function cifarBody(
  depth: number,
  parts: { readonly block: Block; readonly shortcut: ShortcutBuilder },
): NetworkDefinition['body'] {
  const blocks = (depth - 2) / 6;
  return (layers, image, classes) => {
    const stem = activatedStem(layers, image, { filters: 16, kernel: 3, stride: 1 });
    const stages = { ...parts, blocks: [blocks, blocks, blocks], widths: [16, 32, 64] };
    return classifier(layers, residualStages(layers, stem, stages), { classes });
  };
}

interface ImagenetPlan {
  readonly block: Block;
  readonly blocks: readonly number[];
}

/** Number of blocks per stage by depth (table 1 of the paper). */
const imagenetPlans: Readonly<Record<number, ImagenetPlan>> = {
  18: { block: basicBlock, blocks: [2, 2, 2, 2] },
  34: { block: basicBlock, blocks: [3, 4, 6, 3] },
  50: { block: bottleneckBlock, blocks: [3, 4, 6, 3] },
};

/** ResNet for ImageNet: 7×7 stem, 3×3 max pooling, four stages with option B shortcuts. */
export function imagenetResnet(depth: number): NetworkDefinition {
  const plan = imagenetPlans[depth]!;
  return {
    title: `ResNet-${depth} for ImageNet`,
    paper,
    classes: 1000,
    preprocessing: imagenetPreprocessing,
    body: (layers, image, classes) => {
      const stem = activatedStem(layers, image, { filters: 64, kernel: 7, stride: 2 });
      const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
      const pooled = layers.g.named('maxpool').MaxPool(stem, pooling);
      const stages = { ...plan, shortcut: projectedShortcut, widths: [64, 128, 256, 512] };
      return classifier(layers, residualStages(layers, pooled, stages), { classes });
    },
  };
}

function activatedStem(
  layers: Layers,
  image: Value,
  settings: { filters: number; kernel: number; stride: number },
): Value {
  const x = layers.batchNormalization(layers.convolution(image, 'conv1', settings), 'bn1');
  return layers.g.named('relu').Relu(x);
}

interface Stages {
  readonly block: Block;
  readonly shortcut: ShortcutBuilder;
  readonly blocks: readonly number[];
  readonly widths: readonly number[];
}

/** `layer1` …: the first block of every stage but the first has stride 2. */
function residualStages(layers: Layers, input: Value, { block, shortcut, blocks, widths }: Stages): Value {
  let x = input;
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      x = block(layers, x, { name: `layer${stage + 1}.${i}`, width: widths[stage]!, stride, shortcut });
    }
  });
  return x;
}

import { cifar10Preprocessing, imagenetPreprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { classifier } from './classifier.ts';
import { channelsOfMap, type Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';
import { relu6Unit } from './relu6-unit.ts';

interface Stage {
  /** Factor by which the middle of a block is wider than its input. */
  readonly expansion: number;
  readonly filters: number;
  readonly blocks: number;
  /** Stride of the first block. */
  readonly stride: number;
}

/** Table 2 of the paper. */
const stages: readonly Stage[] = [
  { expansion: 1, filters: 16, blocks: 1, stride: 1 },
  { expansion: 6, filters: 24, blocks: 2, stride: 2 },
  { expansion: 6, filters: 32, blocks: 3, stride: 2 },
  { expansion: 6, filters: 64, blocks: 4, stride: 2 },
  { expansion: 6, filters: 96, blocks: 3, stride: 1 },
  { expansion: 6, filters: 160, blocks: 3, stride: 2 },
  { expansion: 6, filters: 320, blocks: 1, stride: 1 },
];

const paper = 'Sandler et al., MobileNetV2, CVPR 2018, arXiv:1801.04381';

/** MobileNetV2 for ImageNet: inverted residual blocks, layers named as in torchvision, all widths multiplied by α. */
export const mobilenetV2 = (alpha: number): NetworkDefinition => ({
  title: titleOf('ImageNet', alpha),
  paper,
  classes: 1000,
  preprocessing: imagenetPreprocessing,
  body: (layers, image, classes) => mobilenet(layers, image, { classes, stemStride: 2, stages, alpha }),
});

/** MobileNetV2 for 32×32 images: stride 1 in the stem and the first two stages, so that the last feature map is 4×4. */
export const cifarMobilenetV2 = (alpha: number): NetworkDefinition => ({
  title: titleOf('CIFAR', alpha),
  paper,
  classes: 10,
  preprocessing: cifar10Preprocessing,
  body: (layers, image, classes) => {
    const gentle = stages.map((stage, i) => (i < 2 ? { ...stage, stride: 1 } : stage));
    return mobilenet(layers, image, { classes, stemStride: 1, stages: gentle, alpha });
  },
});

const titleOf = (data: string, alpha: number): string =>
  alpha === 1 ? `MobileNetV2 for ${data}` : `MobileNetV2 of width ${alpha} for ${data}`;

interface MobileNetPlan {
  readonly classes: number;
  readonly stemStride: number;
  readonly stages: readonly Stage[];
  /** The width multiplier of the paper. */
  readonly alpha: number;
}

function mobilenet(layers: Layers, image: Value, plan: MobileNetPlan): Value {
  let index = 0;
  const stem = { filters: wide(32, plan.alpha), stride: plan.stemStride };
  let x = relu6Unit(layers, image, { name: `features.${index++}`, ...stem });
  for (const { blocks, ...stage } of plan.stages) {
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 ? stage.stride : 1;
      const filters = wide(stage.filters, plan.alpha);
      x = invertedResidual(layers, x, { ...stage, filters, stride, name: `features.${index++}` });
    }
  }
  x = relu6Unit(layers, x, {
    name: `features.${index}`,
    filters: wide(1280, Math.max(1, plan.alpha)),
    kernel: 1,
  });
  return classifier(layers, x, { classes: plan.classes, name: 'classifier.1' });
}

/** A multiple of 8 that is at least 90 % of the wanted width, as in the authors' code. */
function wide(filters: number, alpha: number): number {
  const wanted = filters * alpha;
  const rounded = Math.max(8, 8 * Math.round(wanted / 8));
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

interface Block extends Omit<Stage, 'blocks'> {
  readonly name: string;
}

/** 1×1 expansion, depthwise 3×3, linear 1×1; x is added if the shapes are equal. */
function invertedResidual(layers: Layers, x: Value, { name, expansion, filters, stride }: Block): Value {
  const width = expansion * channelsOfMap(x);
  let index = 0;
  const next = () => `${name}.conv.${index++}`;
  let y = x;
  if (expansion > 1) y = relu6Unit(layers, y, { name: next(), filters: width, kernel: 1 });
  y = relu6Unit(layers, y, { name: next(), filters: width, group: width, stride });
  y = layers.batchNormalization(layers.convolution(y, next(), { filters, kernel: 1 }), next());
  return stride === 1 && channelsOfMap(x) === filters ? layers.g.named(`${name}.add`).Add(x, y) : y;
}

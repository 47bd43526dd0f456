import { imagenetPreprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { classifier } from './classifier.ts';
import { channelsOfMap, type Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';
import { relu6Unit } from './relu6-unit.ts';

/** Filters and stride of each separable convolution (table 1 of the paper). */
const plan: readonly (readonly [filters: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/**
 * MobileNetV1 for ImageNet: a 3×3 stem and thirteen pairs of a depthwise 3×3 and a 1×1 convolution, all widths multiplied by
 * α. With ReLU6 as in the authors' code, where the paper says ReLU.
 */
export function mobilenetV1(alpha: number): NetworkDefinition {
  return {
    title: `MobileNetV1 of width ${alpha} for ImageNet`,
    paper: 'Howard et al., MobileNets, 2017, arXiv:1704.04861',
    classes: 1000,
    preprocessing: imagenetPreprocessing,
    body: (layers, image, classes) => {
      let x = relu6Unit(layers, image, { name: 'model.0', filters: 32 * alpha, stride: 2 });
      plan.forEach(([filters, stride], i) => {
        x = separable(layers, x, { name: `model.${i + 1}`, filters: filters * alpha, stride });
      });
      return classifier(layers, x, { classes });
    },
  };
}

interface Separable {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
}

function separable(layers: Layers, x: Value, { name, filters, stride }: Separable): Value {
  const channels = channelsOfMap(x);
  const depthwise = { name: `${name}.depthwise`, filters: channels, group: channels, stride };
  return relu6Unit(layers, relu6Unit(layers, x, depthwise), {
    name: `${name}.pointwise`,
    filters,
    kernel: 1,
  });
}

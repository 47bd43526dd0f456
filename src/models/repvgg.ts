import { cifar10Preprocessing, imagenetPreprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { classifier } from './classifier.ts';
import { type ConvolutionSettings, channelsOfMap, type Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';

const paper = 'Ding et al., RepVGG, CVPR 2021, arXiv:2101.03697';

interface Plan {
  /** Number of blocks per stage; the first block of each stage has stride 2. */
  readonly blocks: readonly number[];
  readonly widths: readonly number[];
}

const widthsOf = (a: number, b: number): number[] => [64 * a, 128 * a, 256 * a, 512 * b];

/** Tables 2 and 3 of the paper: widths are multiplied by a, those of the last stage by b. */
const plans = {
  a0: { blocks: [2, 4, 14, 1], widths: widthsOf(0.75, 2.5) },
  a1: { blocks: [2, 4, 14, 1], widths: widthsOf(1, 2.5) },
  b0: { blocks: [4, 6, 16, 1], widths: widthsOf(1, 2.5) },
} satisfies Record<string, Plan>;

/**
 * RepVGG for ImageNet in its training form, with three branches per block; `fold` converts it to the plain network for
 * inference.
 */
export function repvgg(variant: keyof typeof plans): NetworkDefinition {
  const plan = plans[variant];
  return {
    title: `RepVGG-${variant.toUpperCase()} for ImageNet, in training form`,
    paper,
    classes: 1000,
    preprocessing: imagenetPreprocessing,
    body: (layers, image, classes) => {
      const stem = { name: 'stage0', filters: Math.min(64, plan.widths[0]!), stride: 2 };
      return stagedNetwork(layers, block(layers, image, stem), { ...plan, classes, firstStride: 2 });
    },
  };
}

/**
 * RepVGG for 32×32 images in its training form: 3n + 2 layers, three stages of n blocks with 16k, 32k and 64k filters. When
 * folded, with k = 1, it has the convolutions of the CIFAR ResNet of the same depth, without shortcuts. Not from the paper.
 */
export function cifarRepvgg(depth: number, k: number): NetworkDefinition {
  const blocks = (depth - 2) / 3;
  return {
    title: `RepVGG of ${depth} layers and width ${k} for CIFAR, in training form`,
    paper,
    classes: 10,
    preprocessing: cifar10Preprocessing,
    body: (layers, image, classes) => {
      const stem = block(layers, image, { name: 'stage0', filters: 16 * k, stride: 1 });
      const plan = { blocks: [blocks, blocks, blocks], widths: [16 * k, 32 * k, 64 * k] };
      return stagedNetwork(layers, stem, { ...plan, classes, firstStride: 1 });
    },
  };
}

interface Stages extends Plan {
  readonly classes: number;
  /** Stride of the first stage; the other stages have stride 2. */
  readonly firstStride: number;
}

function stagedNetwork(layers: Layers, stem: Value, { blocks, widths, classes, firstStride }: Stages): Value {
  let x = stem;
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const entry = stage === 0 ? firstStride : 2;
      const settings = {
        name: `stage${stage + 1}.${i}`,
        filters: widths[stage]!,
        stride: i === 0 ? entry : 1,
      };
      x = block(layers, x, settings);
    }
  });
  return classifier(layers, x, { classes, name: 'linear' });
}

interface BlockSettings {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
}

/** ReLU(BN(conv3×3(x)) + BN(conv1×1(x)) + BN(x)), without BN(x) if size or channels change; named as in the authors' code. */
function block(layers: Layers, x: Value, { name, filters, stride }: BlockSettings): Value {
  const { g } = layers;
  const branch = (part: string, settings: ConvolutionSettings) =>
    layers.batchNormalization(layers.convolution(x, `${name}.${part}.conv`, settings), `${name}.${part}.bn`);
  const dense = branch('rbr_dense', { filters, stride });
  let sum = g.named(`${name}.add`).Add(dense, branch('rbr_1x1', { filters, stride, kernel: 1 }));
  if (stride === 1 && channelsOfMap(x) === filters) {
    const identity = layers.batchNormalization(x, `${name}.rbr_identity`);
    sum = g.named(`${name}.add_identity`).Add(sum, identity);
  }
  return g.named(`${name}.nonlinearity`).Relu(sum);
}

import { cifar10Preprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { classifier } from './classifier.ts';
import type { Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';
import { paddedShortcut } from './residual-block.ts';

/**
 * Pre-activation ResNet for 32×32 images: 6n + 2 layers, x + conv(ReLU(BN(conv(ReLU(BN(x)))))), three stages of n blocks with
 * 16, 32 and 64 filters, option A shortcuts. As in the paper, the first block's activation precedes the fork, and another
 * activation follows the last sum.
 */
export function preactivationResnet(depth: number): NetworkDefinition {
  const blocks = (depth - 2) / 6;
  return {
    title: `Pre-activation ResNet-${depth} for CIFAR`,
    paper: 'He et al., Identity Mappings in Deep Residual Networks, ECCV 2016, arXiv:1603.05027',
    classes: 10,
    preprocessing: cifar10Preprocessing,
    body: (layers, image, classes) => {
      let x = layers.convolution(image, 'conv1', { filters: 16 });
      [16, 32, 64].forEach((width, stage) => {
        for (let i = 0; i < blocks; i++) {
          const name = `layer${stage + 1}.${i}`;
          x = block(layers, x, {
            name,
            width,
            stride: stage > 0 && i === 0 ? 2 : 1,
            isFirst: stage + i === 0,
          });
        }
      });
      return classifier(layers, activated(layers, x, { bn: 'bn', relu: 'relu' }), { classes });
    },
  };
}

interface Block {
  readonly name: string;
  readonly width: number;
  readonly stride: number;
  readonly isFirst: boolean;
}

function block(layers: Layers, input: Value, { name, width, stride, isFirst }: Block): Value {
  const first = activated(layers, input, { bn: `${name}.bn1`, relu: `${name}.relu1` });
  const inner = layers.convolution(first, `${name}.conv1`, { filters: width, stride });
  const second = activated(layers, inner, { bn: `${name}.bn2`, relu: `${name}.relu2` });
  const branch = layers.convolution(second, `${name}.conv2`, { filters: width });
  const x = isFirst ? first : input;
  return layers.g
    .named(`${name}.add`)
    .Add(branch, paddedShortcut(layers, x, { name, channels: width, stride }));
}

const activated = (layers: Layers, x: Value, names: { readonly bn: string; readonly relu: string }): Value =>
  layers.g.named(names.relu).Relu(layers.batchNormalization(x, names.bn));

import { cifar10Preprocessing } from '../data/preprocessing.ts';
import { classifier } from './classifier.ts';
import type { NetworkDefinition } from './network.ts';

const plan = [
  { filters: 16, stride: 1 },
  { filters: 32, stride: 2 },
  { filters: 32, stride: 1 },
  { filters: 48, stride: 2 },
  { filters: 64, stride: 1 },
  { filters: 96, stride: 2 },
];

/**
 * Six 3×3 convolutions, each with BatchNormalization and ReLU, for 32×32 images: small enough to be trained in minutes on a
 * CPU, and without residual connections, so that every width can be pruned.
 */
export const demoNetwork: NetworkDefinition = {
  title: 'Six plain convolutions, the network of the demo',
  paper: 'none: made for the demo',
  classes: 10,
  preprocessing: cifar10Preprocessing,
  body: (layers, image, classes) => {
    const { g } = layers;
    let x = image;
    plan.forEach((settings, i) => {
      x = layers.batchNormalization(layers.convolution(x, `conv${i + 1}`, settings), `bn${i + 1}`);
      x = g.named(`relu${i + 1}`).Relu(x);
    });
    return classifier(layers, x, { classes });
  },
};

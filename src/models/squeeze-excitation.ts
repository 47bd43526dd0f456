import { cifar10Preprocessing } from '../data/preprocessing.ts';
import type { Value } from '../graph/graph.ts';
import { channelsOfMap, type Layers } from './layers.ts';
import type { NetworkDefinition } from './network.ts';
import { activated, activatedSum, type Block, normalized, paddedShortcut } from './residual-block.ts';
import { cifarBody } from './resnet.ts';

const REDUCTION = 16;
/** Minimum number of hidden channels of a gate: fewer could not discriminate. */
const LEAST_HIDDEN = 4;

/** The CIFAR ResNet of 6n + 2 layers with squeeze-and-excitation in every block, option A shortcuts. */
export function squeezeExcitationResnet(depth: number): NetworkDefinition {
  return {
    title: `SE-ResNet-${depth} for CIFAR`,
    paper: 'Hu et al., Squeeze-and-Excitation Networks, CVPR 2018, arXiv:1709.01507',
    classes: 10,
    preprocessing: cifar10Preprocessing,
    body: cifarBody(depth, { block: gatedBlock, shortcut: paddedShortcut }),
  };
}

/** ReLU(x + s·y), where y is the branch of a basic block and s its gate. */
const gatedBlock: Block = (layers, x, { name, width, stride, shortcut }) => {
  const inner = activated(layers, x, { name, index: 1, filters: width, stride });
  const branch = normalized(layers, inner, { name, index: 2, filters: width });
  const scaled = gated(layers, branch, `${name}.se`);
  return activatedSum(layers, scaled, {
    name,
    shortcut: shortcut(layers, x, { name, channels: width, stride }),
  });
};

/** y·σ(W₂·ReLU(W₁·mean(y))), with C/16 hidden channels, but at least 4. */
function gated(layers: Layers, y: Value, name: string): Value {
  const { g } = layers;
  const channels = channelsOfMap(y);
  const hidden = Math.max(LEAST_HIDDEN, Math.floor(channels / REDUCTION));
  const linear = { kernel: 1, bias: true };
  const pooled = g.named(`${name}.avgpool`).GlobalAveragePool(y);
  const squeezed = layers.convolution(pooled, `${name}.fc1`, { ...linear, filters: hidden });
  const active = g.named(`${name}.relu`).Relu(squeezed);
  const excited = layers.convolution(active, `${name}.fc2`, { ...linear, filters: channels });
  return g.named(`${name}.scale`).Mul(y, g.named(`${name}.sigmoid`).Sigmoid(excited));
}

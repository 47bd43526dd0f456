import { layerCosts } from '../../src/measure/macs.ts';
import { buildModel } from '../../src/models/index.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';

/**
 * FLOP of a training step for one image: 2·(3·Σ MACs − MACs of the first convolution), for the forward pass, the
 * gradients of the weights and those of the inputs, which the images need not have. Convolutions and matrix products
 * alone: normalisation, activations and the optimiser count as nothing.
 */
export function stepFlops(network: string): { readonly macs: number; readonly flops: number } {
  const model = network.endsWith('.onnx') ? readModelFile(network) : buildModel(network);
  const layers = layerCosts(model).filter(({ macs }) => macs > 0);
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  return { macs, flops: 2 * (3 * macs - layers[0]!.macs) };
}

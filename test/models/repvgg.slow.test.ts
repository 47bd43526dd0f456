import { describe, expect, it } from 'vitest';
import { type LayerCost, layerCosts } from '../../src/measure/macs.ts';
import { buildModel } from '../../src/models/index.ts';
import { foldNetwork } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const totalOf = (layers: readonly LayerCost[], key: 'macs' | 'parameters'): number =>
  layers.reduce((sum, layer) => sum + layer[key], 0);

/** What a block becomes, counted without folding it: its 3×3 convolution, with a bias. */
function deployedCosts(name: string) {
  const layers = layerCosts(buildModel(name)).filter(({ kernel, op }) => kernel[0] === 3 || op === 'Gemm');
  const biases = layers.reduce((sum, { op, outChannels }) => sum + (op === 'Conv' ? outChannels : 0), 0);
  return { parameters: totalOf(layers, 'parameters') + biases, macs: totalOf(layers, 'macs') };
}

describe('RepVGG', () => {
  /** Table 4 of the paper. */
  it.each([
    ['repvgg-a0', 8.3e6, 1.36e9],
    ['repvgg-a1', 12.78e6, 2.36e9],
    ['repvgg-b0', 14.33e6, 3.06e9],
  ])('%s has the published parameters and MACs when it is deployed', (name, parameters, macs) => {
    const found = deployedCosts(name);
    expect(Math.abs(found.parameters - parameters)).toBeLessThan(0.01e6);
    expect(Math.abs(found.macs - macs)).toBeLessThan(0.01e9);
  });

  it('has, folded, the multiply-accumulates of the ResNet of its depth, and widens', async () => {
    const { graph } = await foldNetwork(buildModel('repvgg-cifar20'), { executor: onnxruntime });
    const layers = layerCosts(graph);
    expect(layers).toHaveLength(20);
    expect(totalOf(layers, 'macs')).toBe(totalOf(layerCosts(buildModel('resnet20')), 'macs'));
    const wide = layerCosts(buildModel('repvgg-cifar20x2')).map(({ outChannels }) => outChannels);
    expect(wide.slice(0, -1).every((width) => width % 32 === 0)).toBe(true);
  });
});

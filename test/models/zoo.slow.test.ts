import { describe, expect, it } from 'vitest';
import { loadPreprocessing } from '../../src/data/preprocessing.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { buildModel, isModelName, zooModel } from '../../src/models/index.ts';
import { median } from '../../src/numeric/statistics.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

function totals(graph: Graph) {
  const layers = layerCosts(graph);
  const total = (key: 'macs' | 'parameters') => layers.reduce((sum, layer) => sum + layer[key], 0);
  return { parameters: total('parameters'), macs: total('macs') };
}

const initializer = (graph: Graph, name: string): Float32Array =>
  graph.initializers.find((value) => value.name === name)!.tensor!.data as Float32Array;

/**
 * Parameters as the papers and torchvision state them, MACs as the FLOP tables of pruning papers do. Those tables
 * count CIFAR's ResNets with projections (option B).
 */
const published: readonly [string, number, number][] = [
  ['resnet20', 0.27e6, 40.55e6],
  ['resnet20-b', 0.272e6, 40.81e6],
  ['resnet56', 0.853e6, 125.49e6],
  ['resnet56-b', 0.856e6, 125.75e6],
  ['resnet110', 1.728e6, 252.89e6],
  ['resnet110-b', 1.731e6, 253.15e6],
  ['preresnet110', 1.728e6, 252.89e6],
  ['vgg16', 14.72e6, 313.2e6],
];

describe('zoo', () => {
  it.each(published)('%s has the published parameters and MACs', (name, parameters, macs) => {
    const found = totals(buildModel(name));
    expect(found.parameters / parameters).toBeCloseTo(1, 2);
    expect(found.macs / macs).toBeCloseTo(1, 3);
  });

  it.each([
    ['resnet18', 11_689_512, 1.814e9],
    ['resnet34', 21_797_672, 3.664e9],
    ['resnet50', 25_557_032, 4.089e9],
    ['mobilenetv2', 3_504_872, 0.3008e9],
    ['mobilenetv2-0.5', 1_968_680, 0.0971e9],
  ])('%s has the parameters of torchvision, and its MACs', (name, parameters, macs) => {
    const found = totals(buildModel(name));
    expect(found.parameters).toBe(parameters);
    expect(found.macs / macs).toBeCloseTo(1, 3);
  });

  /** Table 6 of the paper; 1.0 is counted to the last parameter by its authors' code. */
  it.each([
    ['mobilenetv1', 4_231_976, 569e6],
    ['mobilenetv1-0.75', 2.6e6, 325e6],
    ['mobilenetv1-0.5', 1.3e6, 149e6],
    ['mobilenetv1-0.25', 0.5e6, 41e6],
  ])('%s has the published parameters and MACs', (name, parameters, macs) => {
    const found = totals(buildModel(name));
    expect(Math.abs(found.parameters - parameters)).toBeLessThan(parameters > 4e6 ? 1 : 0.05e6);
    expect(Math.abs(found.macs - macs)).toBeLessThan(1e6);
  });

  it('has MobileNetV2 for CIFAR with as many parameters as torchvision’s of ten classes, on larger maps', () => {
    const graph = buildModel('mobilenetv2-cifar');
    expect(totals(graph).parameters).toBe(2_236_682);
    const last = layerCosts(graph).findLast(({ op }) => op === 'Conv');
    expect(last!.outputShape).toEqual([1, 1280, 4, 4]);
  });

  it('keeps the demo within 8 MMACs', () => {
    const { macs } = totals(buildModel('espalier-demo'));
    expect(macs).toBeGreaterThan(5e6);
    expect(macs).toBeLessThan(8e6);
  });

  it.each([
    'espalier-demo',
    'vgg11',
    'resnet20',
    'resnet20-b',
    'preresnet20',
    'se-resnet20',
    'repvgg-cifar8',
  ])('%s gives finite logits that tell images apart, at any batch', async (name) => {
    const graph = buildModel(name, { seed: 3 });
    const { channels, height, width } = zooModel(name)!.input;
    const program = await onnxruntime.compile(graph, { threads: 1 });
    for (const batch of [1, 3]) {
      const { logits } = await program.run({ input: normals([batch, channels, height, width], 1) });
      expect(logits!.shape).toEqual([batch, 10]);
      const values = Array.from(logits!.data as Float32Array);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(new Set(values).size).toBe(values.length);
      expect(median(values.map(Math.abs))).toBeGreaterThan(1e-4);
    }
    await program.close();
  });

  it('builds ResNet-18 for small images of other classes', async () => {
    const graph = buildModel('resnet18', { classes: 7, size: 64 });
    const program = await onnxruntime.compile(graph, { threads: 1 });
    const { logits } = await program.run({ input: normals([2, 3, 64, 64], 1) });
    expect(logits!.shape).toEqual([2, 7]);
    expect(loadPreprocessing(graph)).toMatchObject({ height: 64, width: 64, std: [0.229, 0.224, 0.225] });
    await program.close();
  });

  it('takes grey images of 28×28, without the colours of its own preprocessing', async () => {
    for (const name of ['vgg11', 'resnet20', 'espalier-demo']) {
      const graph = buildModel(name, { channels: 1, size: 28 });
      const program = await onnxruntime.compile(graph, { threads: 1 });
      const { logits } = await program.run({ input: normals([2, 1, 28, 28], 1) });
      expect(logits!.shape).toEqual([2, 10]);
      expect(loadPreprocessing(graph)).toBeNull();
      await program.close();
    }
  });

  it('draws parameters from the seed alone, with the deviation of He', () => {
    const [a, b, c] = [0, 0, 1].map((seed) => initializer(buildModel('resnet20', { seed }), 'conv1.weight'));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    const weight = initializer(buildModel('resnet20'), 'layer3.2.conv2.weight');
    const square = weight.reduce((sum, w) => sum + w * w, 0) / weight.length;
    expect(square).toBeCloseTo(2 / (64 * 9), 4);
    const other = initializer(buildModel('resnet20'), 'layer3.2.conv1.weight');
    expect(weight).not.toEqual(other);
  });

  it('starts γ where it is told to', () => {
    const graph = buildModel('resnet20', { gamma: 0.5 });
    expect(new Set(initializer(graph, 'layer1.0.bn1.weight'))).toEqual(new Set([0.5]));
    expect(new Set(initializer(graph, 'layer1.0.bn1.running_var'))).toEqual(new Set([1]));
  });

  it('names what is near an unknown name, and refuses impossible options', () => {
    expect(() => buildModel('resnet65')).toThrow('unknown model resnet65: did you mean resnet56?');
    expect(() => buildModel('transformer')).toThrow(
      /^unknown model transformer: expected one of espalier-demo/,
    );
    for (const name of [
      'toString',
      'repvgg-cifar21',
      'repvgg-cifar2',
      'repvgg-cifar20x0',
      'repvgg-cifar9998',
    ]) {
      expect(isModelName(name)).toBe(false);
    }
    expect(() => buildModel('repvgg-cifar21')).toThrow(/repvgg-cifarN \(N = 3n \+ 2 layers\)/);
    expect(() => buildModel('vgg16', { classes: 0 })).toThrow(
      'vgg16: classes: expected a positive integer, found 0',
    );
  });
});

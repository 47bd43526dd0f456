import { describe, expect, it } from 'vitest';
import { EspalierError } from '../../src/errors.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, makeValue, type Value } from '../../src/graph/graph.ts';
import { compareOutputs } from '../../src/quantization/agreement.ts';
import { type QuantizeOptions, quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals } from '../support/run-graph.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';

const image = [3, 8, 8] as const;
const images = (seed: number) => Array.from(normals([8, ...image], seed).data);
const viewing = { calibration: calibrationOf(image, [images(5), images(6)]), executor };

function network(build: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('case');
  const g = builderOf(graph);
  g.output(build(g, g.input('image', 'float32', ['N', ...image])), 'scores');
  return graph;
}

const conv = (g: Builder, x: Value, name: string) =>
  g.named(name).Conv(x, g.constant(normals([4, Number(x.shape![1]), 1, 1], 3)));

const floatWeights = ({ initializers }: Graph) =>
  initializers.filter(({ dtype, shape }) => dtype === 'float32' && shape!.length > 1).map(({ name }) => name);

describe('what stays in float', () => {
  it('is an operator without a shape rule, and shapes behind it are known where height and width were free', async () => {
    const graph = emptyGraph('free');
    graph.opsets['com.microsoft'] = 1;
    const g = builderOf(graph);
    const options = { strides: [2, 2] };
    const halved = g.Conv(
      g.input('image', 'float32', ['N', 3, 'H', 'W']),
      g.constant(normals([4, 3, 2, 2], 3)),
      null,
      options,
    );
    const output = makeValue('gelu.y');
    const gelu = { op: 'Gelu', domain: 'com.microsoft', name: 'gelu', attributes: {} };
    graph.nodes.push({ ...gelu, inputs: [halved], outputs: [output] });
    g.output(g.named('last').Conv(output, g.constant(normals([4, 4, 1, 1], 4))), 'scores');
    const { layers, leftAlone } = await quantizeCalibrated(graph, viewing);
    expect(layers).toHaveLength(2);
    expect(leftAlone).toEqual([
      {
        code: 'unsupported',
        where: 'gelu (com.microsoft.Gelu)',
        reason: 'onnxruntime has no 8-bit kernel for it',
      },
    ]);
  });

  it('is what globs name, with a reason', async () => {
    const { graph, layers, leftAlone } = await quantizeCalibrated(residualNetwork(), viewing, {
      floatLayers: ['stem', 'f*'],
    });
    expect(layers.map(({ name }) => name)).toEqual(['block.conv1', 'block.conv2']);
    const chosen = leftAlone.filter(({ code }) => code === 'excluded');
    expect(chosen.map(({ where }) => where)).toEqual(['stem (Conv)', 'fc (Gemm)']);
    expect(floatWeights(graph)).toHaveLength(2);
    expect((await compareOutputs(residualNetwork(), graph, viewing)).sqnrDb).toBeGreaterThan(25);
  });

  it.each<readonly [string, (g: Builder, x: Value) => Value, string, string]>([
    [
      'operators without a kernel',
      (g, x) => {
        const y = conv(g, x, 'a');
        return conv(g, g.named('tanh').Tanh(y), 'b');
      },
      'tanh (Tanh)',
      'onnxruntime has no 8-bit kernel for it',
    ],
    [
      'weights that are computed',
      (g, x) => {
        const [left, right] = [conv(g, x, 'a'), conv(g, x, 'b')];
        return conv(g, g.named('self').MatMul(left, right), 'c');
      },
      'self (MatMul)',
      'its weight is of rank 4',
    ],
    [
      'scaled products',
      (g, x) => {
        const flat = g.Flatten(g.GlobalAveragePool(conv(g, x, 'a')));
        return g.named('scaled').Gemm(flat, g.constant(normals([4, 4], 1)), { alpha: 2 });
      },
      'scaled (Gemm)',
      'its product is scaled by alpha or beta',
    ],
    [
      'what has nothing in 8 bits before it',
      (g, x) => conv(g, g.named('pool').MaxPool(x, { kernel_shape: [2, 2] }), 'a'),
      'pool (MaxPool)',
      'its input comes from a float layer',
    ],
    [
      'sums that the network gives out',
      (g, x) => {
        const [left, right] = [conv(g, x, 'a'), conv(g, x, 'b')];
        return g.named('sum').Add(left, right);
      },
      'sum (Add)',
      'its output is an output of the network',
    ],
    [
      'interpolation',
      (g, x) => {
        const [y, factors] = [conv(g, x, 'a'), g.floats([1, 1, 2, 2])];
        const [wide] = g.named('wide').node('Resize', [y, null, factors], { mode: 'linear' }, 1);
        return conv(g, wide!, 'b');
      },
      'wide (Resize)',
      'it interpolates (linear)',
    ],
  ])('%s', async (_, build, name, reason) => {
    const before = network(build);
    const { graph, leftAlone } = await quantizeCalibrated(before, viewing);
    expect(leftAlone).toContainEqual(expect.objectContaining({ where: name, reason }));
    expect((await compareOutputs(before, graph, viewing)).sqnrDb).toBeGreaterThan(20);
  });

  it('is the arithmetic of a ConvTranspose, whose weights are integers all the same', async () => {
    const before = network((g, x) => {
      const w = g.constant(normals([4, 5, 2, 2], 2));
      const y = conv(g, x, 'a');
      return conv(g, g.named('up').ConvTranspose(y, w, { strides: [2, 2] }), 'b');
    });
    const { graph, layers } = await quantizeCalibrated(before, viewing);
    expect(layers.map(({ name, computesInInt8 }) => [name, computesInInt8])).toEqual([
      ['a', true],
      ['up', false],
      ['b', true],
    ]);
    expect(floatWeights(graph)).toEqual([]);
    expect((await compareOutputs(before, graph, viewing)).sqnrDb).toBeGreaterThan(25);
  });
});

describe('quantize refuses', () => {
  const nan = images(5).map((x, i) => (i === 7 ? Number.NaN : x));
  const broken = { calibration: calibrationOf(image, [nan]), executor };
  const none = { calibration: calibrationOf(image, [images(5)]), executor };

  it.each<readonly [string, Graph, typeof viewing, QuantizeOptions, string]>([
    [
      'a percentile out of range',
      plainNetwork(),
      viewing,
      { calibration: { percentile: 40 } },
      'above 50, up to 100, found {"percentile":40}',
    ],
    [
      'a glob without a layer',
      plainNetwork(),
      viewing,
      { floatLayers: ['conv9'] },
      '`floatLayers`: no layer is named conv9',
    ],
    ['images that are no numbers', plainNetwork(), broken, {}, 'infinite or NaN'],
    [
      'no images',
      plainNetwork(),
      { ...none, calibration: { ...none.calibration, batches: [] } },
      {},
      'expected `data`',
    ],
    ['a network without layers', network((g, x) => g.Tanh(x)), viewing, {}, 'found none (Tanh (Tanh)'],
  ])('%s', async (_, graph, view, options, message) => {
    const failure = await quantizeCalibrated(graph, view, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EspalierError);
    expect((failure as Error).message).toContain(message);
  });

  it('a network that is quantised already', async () => {
    const { graph } = await quantizeCalibrated(plainNetwork(), viewing);
    await expect(quantizeCalibrated(graph, viewing)).rejects.toThrow('already quantised');
  });
});

import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { random } from '../../src/numeric/random.ts';
import { floats, makeTensor, type Tensor } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { pruneChannels } from '../../src/pruning/prune-channels.ts';
import { quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { foldNetwork } from '../../src/rewrite/index.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';

let seed = 1;

const bytesOf = (dtype: 'int8' | 'uint8', shape: number[]): Tensor => {
  const { integer } = random(seed++);
  const count = shape.reduce((a, b) => a * b, 1);
  const codes = Array.from({ length: count }, () => integer(256) - (dtype === 'int8' ? 128 : 0));
  return makeTensor(dtype, shape, dtype === 'int8' ? Int8Array.from(codes) : Uint8Array.from(codes));
};

const scales = (count: number) =>
  floats(
    [count],
    Float32Array.from({ length: count }, (_, i) => 0.002 + 0.0003 * i),
  );

/** What exporters write in front of every layer. */
function activation(g: Builder, x: Value): Value {
  const [scale, zero] = [g.floats(0.03), g.constant(makeTensor('uint8', [], Uint8Array.of(110)))];
  return g.DequantizeLinear(g.QuantizeLinear(x, scale, zero), scale, zero);
}

/** int8 weights, a scale a filter, int32 biases. */
function perAxis(g: Builder, x: Value, [name, filters, channels]: readonly [string, number, number]): Value {
  const zeros = g.constant(makeTensor('int8', [filters], new Int8Array(filters)));
  const weight = g.DequantizeLinear(
    g.constant(bytesOf('int8', [filters, channels, 3, 3]), `${name}.codes`),
    g.constant(scales(filters)),
    zeros,
    { axis: 0 },
  );
  const biases = Int32Array.from({ length: filters }, (_, i) => 100 * i - 300);
  const bias = g.DequantizeLinear(
    g.constant(makeTensor('int32', [filters], biases)),
    g.constant(scales(filters)),
    null,
    {
      axis: 0,
    },
  );
  const rounded = activation(g, x);
  return g.named(name).Conv(rounded, weight, bias, { pads: [1, 1, 1, 1] });
}

/** uint8 weights of one scale and one zero point, read by two layers; a Gemm whose scales lie along its second axis. */
function exported(opset: number): Graph {
  const g = builderOf(emptyGraph('exported', opset));
  const x = g.Relu(perAxis(g, g.input('x', 'float32', ['N', 3, 8, 8]), ['c1', 12, 3]));
  const one = g.floats(0.004);
  const zero = g.constant(makeTensor('uint8', [], Uint8Array.of(131)));
  const shared = g.DequantizeLinear(g.constant(bytesOf('uint8', [12, 12, 3, 3]), 'shared.codes'), one, zero);
  const twice = ['c2', 'c3'].reduce((y, name) => {
    const rounded = activation(g, y);
    return g.Relu(g.named(name).Conv(rounded, shared, null, { pads: [1, 1, 1, 1] }));
  }, x);
  const last = g.Relu(perAxis(g, g.Add(activation(g, twice), activation(g, x)), ['c4', 16, 12]));
  const pooled = g.Flatten(g.GlobalAveragePool(activation(g, last)));
  const matrix = g.DequantizeLinear(g.constant(bytesOf('int8', [16, 5])), g.constant(scales(5)), null, {
    axis: 1,
  });
  const rounded = activation(g, pooled);
  g.output(g.named('fc').Gemm(rounded, matrix), 'y');
  return g.graph;
}

async function pruned(graph: Graph) {
  return pruneChannels(graph, {
    executor,
    criterion: 'l1-norm',
    side: 'filters',
    normalize: 'mean',
    reduce: 'mean',
    scope: 'local',
    round: 1,
    floor: 0,
    layerRatios: [],
    seed: 1,
    calibration: null,
    target: { measure: 'ratio', fraction: 0.5 },
  });
}

/** The float32 elements of all parameters that are no scales. */
const floatElements = (graph: Graph) =>
  graph.initializers
    .filter(({ dtype, shape }) => dtype === 'float32' && (shape?.length ?? 0) > 1)
    .reduce((sum, { tensor }) => sum + tensor!.data.length, 0);

describe('a network of QuantizeLinear and DequantizeLinear', () => {
  test.each([13, 19, 21])(
    'of opset %i is pruned in its integers, scales and biases, and equal to the masked one',
    async (opset) => {
      const given = exported(opset);
      const { graph, error, units } = await pruned(given);
      expect(error).toBeLessThan(1e-5);
      expect(units.filter(({ kept, channels }) => kept < channels).map(({ layers }) => layers)).toEqual([
        ['c1', 'c2', 'c3'],
        ['c4'],
      ]);
      const written = parseModel(serializeModel(graph));
      expect(floatElements(written)).toBe(0);
      expect(graph.initializers.filter(({ shape }) => shape?.join() === '6,6,3,3')).toHaveLength(1);
      const [before, after] = [costs(given), costs(written)];
      expect(before.parameters).toBe(12 * 27 + 12 + 12 * 12 * 9 + 16 * 108 + 16 + 80);
      expect(after.macs / before.macs).toBeLessThan(0.4);
      expect(after.bytes).toBeLessThan(before.bytes);
    },
  );

  test('as we write it, too', async () => {
    const image = [3, 8, 8] as const;
    const images = [5, 6].map((s) => Array.from(normals([16, ...image], s).data));
    const viewing = { calibration: calibrationOf(image, images), executor };
    const { graph: given } = await quantizeCalibrated(residualNetwork(), viewing);
    const { graph, error, cost } = await pruned(given);
    expect(error).toBeLessThan(1e-5);
    expect(cost.after.parameters).toBe(costs(graph).parameters);
    expect(cost.after.macs).toBe(costs(graph).macs);
    expect(floatElements(graph)).toBe(0);
    expect(costs(graph).bytes).toBeLessThan(0.9 * costs(given).bytes);
  });

  test('is left as it is by what folds constants', async () => {
    const given = exported(19);
    const { graph, changed } = await foldNetwork(given, { executor });
    expect(changed).toBe(0);
    expect(serializeModel(graph).length).toBeLessThanOrEqual(serializeModel(given).length);
    expect(floatElements(graph)).toBe(0);
  });

  test('has the parameters of its layers, not of their decoders', () => {
    const rows = costs(exported(13)).layers.map(({ name, parameters }) => `${name} ${parameters}`);
    expect(rows).toEqual(['c1 336', 'c2 1296', 'c3 0', 'c4 1744', 'fc 80']);
  });
});

import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { connections } from '../../src/graph/topology.ts';
import { compareOutputs } from '../../src/quantization/agreement.ts';
import { quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';
import { computingOperators } from './optimized-operators.ts';

const image = [3, 8, 8] as const;
const batches = [5, 6].map((seed) => Array.from(normals([8, ...image], seed).data));
const viewing = { calibration: calibrationOf(image, batches), executor };

function network(build: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('case');
  const g = builderOf(graph);
  g.output(build(g, g.input('image', 'float32', ['N', ...image])), 'scores');
  return graph;
}

const weight = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed, 0.3));

function conv(g: Builder, x: Value, filters: number, group = 1): Value {
  const channels = Number(x.shape![1]);
  const w = weight(g, [filters, channels / group, 3, 3], filters + group);
  return g.Conv(x, w, { pads: [1, 1, 1, 1], group });
}

const pooling = { kernel_shape: [2, 2], strides: [2, 2] };

/** A network, and what onnxruntime makes of it: every node on integers, activations gone into the nodes before them. */
const cases: readonly (readonly [string, () => Graph, Readonly<Record<string, number>>])[] = [
  [
    'residual blocks, pooled, and a classifier of float logits',
    residualNetwork,
    { QLinearConv: 3, QLinearAdd: 1, QLinearGlobalAveragePool: 1, Flatten: 1, QGemm: 1 },
  ],
  [
    'depthwise convolutions and ReLU6',
    () =>
      network((g, x) => {
        const clip = (y: Value) => g.Clip(y, g.floats(0), g.floats(6));
        return conv(g, clip(conv(g, clip(conv(g, x, 8)), 8, 8)), 4);
      }),
    { QLinearConv: 3 },
  ],
  [
    'branches of different range, concatenated, and pooled',
    () =>
      network((g, x) => {
        const joined = g.node('Concat', [g.Relu(conv(g, x, 4)), conv(g, x, 5)], { axis: 1 }, 1)[0]!;
        return conv(g, g.MaxPool(joined, pooling), 4);
      }),
    { QLinearConv: 3, QLinearConcat: 1, MaxPool: 1 },
  ],
  [
    'squeeze and excitation',
    () =>
      network((g, x) => {
        const features = g.Relu(conv(g, x, 8));
        const squeezed = g.Relu(conv(g, g.GlobalAveragePool(features), 2));
        return conv(g, g.Mul(features, g.Sigmoid(conv(g, squeezed, 8))), 4);
      }),
    { QLinearConv: 4, QLinearGlobalAveragePool: 1, QLinearSigmoid: 1, QLinearMul: 1 },
  ],
  [
    'slices, averages, leaky ReLU and sums with constants',
    () =>
      network((g, x) => {
        const cut = g.Slice(conv(g, x, 6), g.int64s([0]), g.int64s([4]), g.int64s([1]));
        const leaky = g.LeakyRelu(g.Add(cut, g.floats([0.5, -0.2, 0.1, 0], [4, 1, 1])), { alpha: 0.1 });
        return conv(g, g.AveragePool(leaky, pooling), 4);
      }),
    { QLinearConv: 2, Slice: 1, QLinearAdd: 1, QLinearLeakyRelu: 1, QLinearAveragePool: 1 },
  ],
  [
    'branches that meet before their ReLU',
    () =>
      network((g, x) => {
        const halves = g.node('Split', [conv(g, x, 6), g.int64s([2, 4])], { axis: 1 }, 2);
        const joined = g.node('Concat', [conv(g, halves[0]!, 3), conv(g, halves[1]!, 5)], { axis: 1 }, 1);
        return conv(g, g.Relu(joined[0]!), 4);
      }),
    { QLinearConv: 4, Split: 1, QLinearConcat: 1 },
  ],
  [
    'maps that are padded and shifted',
    () =>
      network((g, x) => {
        const y = conv(g, x, 4);
        const shifted = g.Pad(y, g.int64s([0, 0, -1, 1, 0, 0, 1, -1]));
        const raised = g.Pad(y, g.int64s([0, 0, 0, 1, 0, 0, 0, -1]), g.floats(0.7));
        return conv(g, g.Add(shifted, raised), 4);
      }),
    { QLinearConv: 2, Pad: 2, QLinearAdd: 1 },
  ],
  [
    'matrix products with a bias behind',
    () =>
      network((g, x) => {
        const flat = g.Flatten(g.GlobalAveragePool(g.Relu(conv(g, x, 6))));
        const hidden = g.Relu(g.Add(g.MatMul(flat, weight(g, [6, 7], 1)), g.floats([1, 2, 3, 4, 5, 6, 7])));
        return g.Add(g.MatMul(hidden, weight(g, [7, 4], 2)), g.floats([1, 2, 3, 4]));
      }),
    { QLinearConv: 1, QLinearGlobalAveragePool: 1, Flatten: 1, QGemm: 2 },
  ],
];

describe('onnxruntime runs on integers', () => {
  it.each(cases)('%s', async (_, build, expected) => {
    const before = build();
    const { graph, leftAlone } = await quantizeCalibrated(before, viewing);
    const found = await computingOperators(graph);
    const { NhwcMaxPool = 0, MaxPool = 0, ...others } = found;
    const pools = NhwcMaxPool + MaxPool;
    expect({ ...others, ...(pools > 0 && { MaxPool: pools }) }).toEqual(expected);
    expect(leftAlone).toEqual([]);
    expect((await compareOutputs(before, graph, viewing)).sqnrDb).toBeGreaterThan(20);
  });
});

/** The scales that the inputs and the output of a graph's first node of an operator are rounded by. */
function scalesAround(graph: Graph, op: string): { inputs: number[]; output: number } {
  const { producer, uses } = connections(graph);
  const node = graph.nodes.find((candidate) => candidate.op === op)!;
  const scale = (value: Value) => Number(producer.get(value)!.inputs[1]!.tensor!.data[0]);
  const quantizer = uses.get(node.outputs[0]!)![0]!.node!;
  return {
    inputs: node.inputs.map((value) => scale(value!)),
    output: Number(quantizer.inputs[1]!.tensor!.data[0]),
  };
}

describe('scales', () => {
  const joined = (build: (g: Builder, x: Value) => Value[]) =>
    network((g, x) => conv(g, g.node('Concat', build(g, x), { axis: 1 }, 1)[0]!, 4));

  it('are shared by what a Concat alone reads', async () => {
    const { graph } = await quantizeCalibrated(
      joined((g, x) => [conv(g, x, 4), conv(g, x, 5)]),
      viewing,
    );
    const { inputs, output } = scalesAround(graph, 'Concat');
    expect(inputs).toEqual([output, output]);
  });

  it('are not where a ReLU needs its zero point', async () => {
    const { graph } = await quantizeCalibrated(
      joined((g, x) => [g.Relu(conv(g, x, 4)), conv(g, x, 5)]),
      viewing,
    );
    const { inputs, output } = scalesAround(graph, 'Concat');
    expect(inputs[0]).toBeLessThan(output);
    expect(inputs[1]).toBe(output);
  });

  it('are shared where the ReLU comes behind: zeros take no codes twice', async () => {
    const { graph } = await quantizeCalibrated(
      network((g, x) => {
        const [joined] = g.node('Concat', [conv(g, x, 4), conv(g, x, 5)], { axis: 1 }, 1);
        return conv(g, g.Relu(joined!), 4);
      }),
      viewing,
    );
    const { inputs, output } = scalesAround(graph, 'Concat');
    expect(inputs).toEqual([output, output]);
    expect(
      graph.initializers.find(({ name }) => name.startsWith('Relu') && name.endsWith('zero'))!.tensor!
        .data[0],
    ).toBe(0);
  });

  it('are not where others read the same, finer', async () => {
    const { graph } = await quantizeCalibrated(
      network((g, x) => {
        const shared = conv(g, x, 4);
        const large = g.Mul(conv(g, shared, 5), g.floats(10));
        return conv(g, g.node('Concat', [shared, large], { axis: 1 }, 1)[0]!, 4);
      }),
      viewing,
    );
    const { inputs, output } = scalesAround(graph, 'Concat');
    expect(inputs[0]).toBeLessThan(output / 2);
    expect(inputs[1]).toBe(output);
  });
});

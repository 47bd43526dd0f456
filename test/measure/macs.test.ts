import { describe, expect, it } from 'vitest';
import { imagenetPreprocessing, storePreprocessing } from '../../src/data/preprocessing.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, makeValue, type Shape, type Value } from '../../src/graph/graph.ts';
import { costs, layerCosts } from '../../src/measure/macs.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';

function graphOf(shape: Shape, body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('tiny');
  const g = builderOf(graph);
  g.output(body(g, g.input('x', 'float32', shape)), 'y');
  return graph;
}

const weight = (g: Builder, ...shape: number[]): Value => g.constant(filled(shape, 1), 'weight');

/** Each count by hand: output elements × products per element. */
const counted: readonly [string, Shape, (g: Builder, x: Value) => Value, object][] = [
  [
    'grouped convolution of stride 2: 12·5·5 outputs of 4·3·3',
    ['N', 8, 10, 10],
    (g, x) => g.Conv(x, weight(g, 12, 4, 3, 3), { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }),
    { macs: 10_800, kernel: [3, 3], inChannels: 8, outChannels: 12, parameters: 432 },
  ],
  [
    'dilated convolution without padding: 2·6·8 outputs of 3·3·2',
    ['N', 3, 10, 10],
    (g, x) => g.Conv(x, weight(g, 2, 3, 3, 2), { dilations: [2, 2] }),
    { macs: 1_728, kernel: [3, 2], outputShape: [1, 2, 6, 8] },
  ],
  [
    'depthwise convolution: 6·4·4 outputs of 3·3',
    ['N', 6, 4, 4],
    (g, x) => g.Conv(x, weight(g, 6, 1, 3, 3), { group: 6, pads: [1, 1, 1, 1] }),
    { macs: 864, inChannels: 6, outChannels: 6 },
  ],
  [
    'transposed convolution: 4·5·5 inputs into 3·2·2 places each',
    ['N', 4, 5, 5],
    (g, x) => g.ConvTranspose(x, weight(g, 4, 3, 2, 2), { strides: [2, 2] }),
    { macs: 1_200, inChannels: 4, outChannels: 3, outputShape: [1, 3, 10, 10] },
  ],
  [
    'Gemm with a transposed weight: 7 outputs of 20',
    ['N', 20],
    (g, x) => g.Gemm(x, weight(g, 7, 20), weight(g, 7), { transB: 1 }),
    { macs: 140, inChannels: 20, outChannels: 7, parameters: 147, kernel: [] },
  ],
  [
    'MatMul over leading dimensions: 3·5·6 outputs of 4',
    ['N', 3, 5, 4],
    (g, x) => g.MatMul(x, weight(g, 4, 6)),
    { macs: 360, inChannels: 4, outChannels: 6, parameters: 24 },
  ],
  [
    'MatMul of two activations: 3·5·5 outputs of 4',
    ['N', 3, 5, 4],
    (g, x) => g.MatMul(x, g.Transpose(x, { perm: [0, 1, 3, 2] })),
    { macs: 300, parameters: 0 },
  ],
  [
    'Einsum: i·j·k = 5·4·6',
    ['N', 5, 4],
    (g, x) => g.Einsum(x, weight(g, 4, 6), { equation: 'bij,jk->bik' }),
    { macs: 120, outChannels: 6 },
  ],
];

describe('layerCosts', () => {
  it.each(counted)('%s', (_, shape, body, expected) => {
    const layers = layerCosts(graphOf(shape, body));
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatchObject(expected);
  });

  it('gives one image of a batch that the model fixes', () => {
    const graph = graphOf([4, 20], (g, x) => g.Gemm(x, weight(g, 20, 7)));
    expect(layerCosts(graph)[0]).toMatchObject({ macs: 140, outputShape: [4, 7] });
  });

  it('counts learned parameters alone: no running statistics, bounds, scalars or shapes', () => {
    const graph = graphOf(['N', 2, 4, 4], (g, x) => {
      const vector = () => g.constant(filled([2], 1), 'vector');
      const y = g.BatchNormalization(x, vector(), vector(), vector(), vector());
      const clipped = g.Clip(y, g.floats(0), g.floats(6));
      return g.Reshape(g.Mul(clipped, g.floats(2)), g.int64s([0, 32]));
    });
    expect(layerCosts(graph)).toMatchObject([{ op: 'BatchNormalization', parameters: 4, macs: 0 }]);
  });

  it('counts a shared weight once and its products twice', () => {
    const graph = graphOf(['N', 4, 5, 5], (g, x) => {
      const shared = weight(g, 4, 4, 1, 1);
      return g.Conv(g.Conv(x, shared), shared);
    });
    expect(layerCosts(graph).map(({ macs, parameters }) => [macs, parameters])).toEqual([
      [400, 16],
      [400, 0],
    ]);
  });

  it('finds weights in Constant nodes', () => {
    const graph = graphOf(['N', 4, 5, 5], (g, x) =>
      g.Conv(x, g.Constant({ value: floats([1, 4, 1, 1], [1, 2, 3, 4]) })),
    );
    expect(layerCosts(graph)).toMatchObject([{ op: 'Conv', parameters: 4, macs: 100 }]);
  });

  it('takes from the file what no shape rule knows', () => {
    const graph = graphOf(['batch', 4, 5, 5], (g, x) => {
      const custom = makeValue('custom', 'float32', ['batch', 8, 3, 3]);
      g.graph.nodes.push({
        op: 'Fold',
        domain: 'com.example',
        name: 'fold',
        inputs: [x],
        outputs: [custom],
        attributes: {},
      });
      return g.Conv(custom, weight(g, 2, 8, 1, 1));
    });
    expect(layerCosts(graph)).toMatchObject([{ macs: 144 }]);
  });

  it('leaves the graph as it was', () => {
    const graph = graphOf(['N', 20], (g, x) => g.Gemm(x, weight(g, 20, 7)));
    layerCosts(graph);
    expect(graph.inputs[0]!.shape).toEqual(['N', 20]);
    expect(graph.outputs[0]!.shape).toEqual(['N', 7]);
  });

  it.each<[string, number, string, (g: Builder, x: Value) => Value]>([
    [
      'three operands',
      2 * 5 * 4,
      'bij,bij,bij->bij',
      (g, x) => g.Einsum(x, x, x, { equation: 'bij,bij,bij->bij' }),
    ],
    [
      'an ellipsis',
      5 * 4 * 6,
      '...j,jk->...k',
      (g, x) => g.Einsum(x, weight(g, 4, 6), { equation: '...j,jk->...k' }),
    ],
    [
      'an implicit result',
      5 * 4 * 6,
      'bij,jk',
      (g, x) => g.Einsum(x, weight(g, 4, 6), { equation: 'bij,jk' }),
    ],
    ['one operand', 0, 'bij->bji', (g, x) => g.Einsum(x, { equation: 'bij->bji' })],
    [
      'a repeated label',
      5 * 5,
      'bii,bjj->bij',
      (g, x) => {
        const y = g.MatMul(x, weight(g, 4, 5));
        return g.Einsum(y, y, { equation: 'bii,bjj->bij' });
      },
    ],
  ])('counts an Einsum of %s', (_form, macs, _equation, body) => {
    expect(layerCosts(graphOf(['N', 5, 4], body)).find(({ op }) => op === 'Einsum')!.macs).toBe(macs);
  });
});

describe('open sizes', () => {
  const open = () =>
    graphOf(['N', 3, 'height', 'width'], (g, x) => g.Conv(x, weight(g, 2, 3, 1, 1), { strides: [2, 2] }));

  it('are asked for', () => {
    expect(() => layerCosts(open())).toThrow(
      'x: size height of [N, 3, height, width] is free: expected `size` N',
    );
  });

  it('come from the option, else from the stored preprocessing', () => {
    const graph = open();
    storePreprocessing(graph, imagenetPreprocessing);
    expect(layerCosts(graph)[0]!.macs).toBe(112 * 112 * 6);
    expect(layerCosts(graph, { size: 10 })[0]!.macs).toBe(25 * 6);
  });
});

describe('costs', () => {
  it('adds up the layers, and has the size of the file', () => {
    const graph = graphOf(['N', 4, 5, 5], (g, x) =>
      g.Conv(g.Conv(x, weight(g, 6, 4, 1, 1)), weight(g, 2, 6, 1, 1)),
    );
    const found = costs(graph);
    expect(found).toMatchObject({ parameters: 24 + 12, macs: 25 * 36, bytes: serializeModel(graph).length });
    expect(found.layers).toHaveLength(2);
  });
});

import { describe, expect, test } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { type Dim, emptyGraph, type Graph, type Shape } from '../../../src/graph/graph.ts';
import { withInputFeeds } from '../../../src/graph/inputs/input-feeds.ts';
import { withFixedShapes } from '../../../src/measure/bind-shapes.ts';
import { costs } from '../../../src/measure/macs.ts';
import { prepareModels } from '../../../src/measure/prepared-model.ts';
import { filled, floats, makeTensor } from '../../../src/numeric/tensor.ts';
import { serializeModel } from '../../../src/onnx/index.ts';
import { toFloat32, verifyEquivalent } from '../../../src/rewrite/index.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';

const shaped = (shape: readonly number[]) => ({ shape, contents: null });

/** A convolution of signals [batch, length], and a second input that is added to the result. */
function signals([batch, length]: readonly [Dim, Dim], beside: Shape): Graph {
  const g = builderOf(emptyGraph('signals'));
  const x = g.Unsqueeze(g.input('x', 'float32', [batch, length]), g.int64s([1]));
  const y = g.Conv(x, g.constant(filled([4, 1, 1], 1)));
  g.output(g.Add(y, g.input('e', 'float32', beside)), 'y');
  return g.graph;
}

/** y = x · e, and the network that leaves the factor out. */
function product(dtype: 'float32' | 'float16' = 'float32'): { given: Graph; wrong: Graph } {
  const g = builderOf(emptyGraph('product'));
  const x = g.input('x', dtype, ['N', 3, 4, 4]);
  const e = g.input('e', dtype, ['N', 1, 1, 1]);
  g.output(g.Mul(x, e), 'y');
  const w = builderOf(emptyGraph('wrong'));
  w.output(w.Identity(w.input('x', dtype, ['N', 3, 4, 4])), 'y');
  return { given: g.graph, wrong: w.graph };
}

describe('shapes of inputs that are told', () => {
  test.each([
    ['N', 'S'],
    [null, null],
    [1, null],
    [2, 'S'],
  ] as const)('fix open dimensions, named or not: [%s, %s]', (batch, length) => {
    const images = typeof batch === 'number' ? batch : 3;
    const graph = withInputFeeds(signals([batch, length], [1]), { x: shaped([images, 12]) });
    expect(withFixedShapes(graph).outputs[0]!.shape).toEqual([images, 4, 12]);
    expect(costs(graph).macs).toBe(12 * 4);
    expect(graph.inputs[0]!.shape).toEqual([batch, length]);
  });

  test('a leading 1 is the batch where that is open', () => {
    const graph = withInputFeeds(signals(['N', 'S'], ['N', 4, 1]), {
      x: shaped([1, 12]),
      e: shaped([1, 4, 1]),
    });
    expect(withFixedShapes(graph, { batch: 5 }).inputs.map(({ shape }) => shape)).toEqual([
      [5, 12],
      [5, 4, 1],
    ]);
  });

  test('a symbol has one size', () => {
    const graph = signals(['N', 'S'], ['N', 1, 'S']);
    const told = withInputFeeds(graph, { x: shaped([1, 12]) });
    expect(withFixedShapes(told).inputs[1]!.shape).toEqual([1, 1, 12]);
    expect(() => withInputFeeds(graph, { x: shaped([1, 12]), e: shaped([1, 1, 13]) })).toThrow(
      'e: its S is 13, but the S of x is 12',
    );
  });

  test.each([
    [{ z: shaped([1]) }, 'signals: expected an input of the network (x, e), found z'],
    [{ x: shaped([1, 2, 3]) }, 'x: expected a shape of [N, S], found 1x2x3'],
    [{ e: shaped([2]) }, 'e: expected a shape of [1], found 2'],
    [
      { e: { shape: [1], contents: makeTensor('float64', [1], new Float64Array(1)) } },
      "e: expected contents of float32, found float64: save it with .astype('float32')",
    ],
  ])('refuse what does not fit: %o', (feeds, message) => {
    expect(() => withInputFeeds(signals(['N', 'S'], [1]), feeds)).toThrow(message);
  });

  test('models that are measured are fed so, as far as they have the inputs', () => {
    const { given, wrong } = product();
    const contents = floats([1, 1, 1, 1], [7]);
    const inputs = { e: { shape: contents.shape, contents } };
    const [first, second] = prepareModels([serializeModel(given), serializeModel(wrong)], {
      batch: 2,
      inputs,
    });
    expect(new Map(first!.inputs).get('e')).toEqual(floats([2, 1, 1, 1], [7, 7]));
    expect(second!.inputs.map(([name]) => name)).toEqual(['x']);
  });
});

describe('contents of inputs that are told', () => {
  test.each(['float32', 'float16'] as const)('are what networks are compared on: %s', async (dtype) => {
    const { given, wrong } = product(dtype);
    const one = dtype === 'float16' ? Uint16Array.of(0x3c00) : Float32Array.of(1);
    const contents = makeTensor(dtype, [1, 1, 1, 1], one);
    const told = withInputFeeds(given, { e: { shape: contents.shape, contents } });
    const options = { executor: onnxruntime };
    await expect(verifyEquivalent(given, wrong, options)).rejects.toThrow('expected the same output');
    expect((await verifyEquivalent(told, wrong, options)).error).toBe(0);
    const inside = toFloat32(told).graph;
    expect((await verifyEquivalent(inside, toFloat32(wrong).graph, options)).error).toBe(0);
  });

  test('where all inputs are told, one run says it', async () => {
    const { given, wrong } = product();
    const x = floats([1, 3, 4, 4], new Float32Array(48).fill(2));
    const e = floats([1, 1, 1, 1], [1]);
    const told = withInputFeeds(given, {
      x: { shape: x.shape, contents: x },
      e: { shape: e.shape, contents: e },
    });
    const { constant, error } = await verifyEquivalent(told, wrong, { executor: onnxruntime });
    expect([constant, error]).toEqual([false, 0]);
  });

  test('no file holds them', () => {
    const { given } = product();
    const told = withInputFeeds(given, { e: { shape: [1, 1, 1, 1], contents: floats([1, 1, 1, 1], [1]) } });
    expect(serializeModel(told)).toEqual(serializeModel(given));
  });
});

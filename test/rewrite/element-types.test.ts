import { describe, expect, test } from 'vitest';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { mixedOperands } from '../../src/graph/operand-types.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { asFloat } from '../../src/numeric/float-conversion.ts';
import { type DataType, type Float32Tensor, floats, makeTensor } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { foldNetwork, toFloat32, verifyEquivalent, withElementType } from '../../src/rewrite/index.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

const FLOAT32 = 1;
const FLOAT16 = 10;
let seed = 0;

const half = (b: Builder, tensor: Float32Tensor, name?: string): Value =>
  b.constant(asFloat(tensor, 'float16'), name);
const weight = (b: Builder, ...shape: number[]): Value =>
  half(b, normals(shape, seed++, 0.3) as Float32Tensor, 'weight');

function halfBatchNorm(b: Builder, x: Value): Value {
  const parameters = [0.5, 0.1, 0.2, 2].map((value) => half(b, floats([8], new Array(8).fill(value))));
  const [scale, bias, mean, variance] = parameters as [Value, Value, Value, Value];
  return b.BatchNormalization(x, scale, bias, mean, variance, { epsilon: 1e-3 });
}

/** A network in half precision throughout. */
function halfNetwork(): Graph {
  const b = builderOf(emptyGraph('half'));
  const x = b.input('x', 'float16', ['N', 3, 8, 8]);
  const pads = [1, 1, 1, 1];
  const first = b.Relu(halfBatchNorm(b, b.named('c1').Conv(x, weight(b, 8, 3, 3, 3), null, { pads })));
  const bounded = b.Clip(first, half(b, floats([], [0])), half(b, floats([], [6])));
  const second = halfBatchNorm(b, b.named('c2').Conv(bounded, weight(b, 8, 8, 3, 3), null, { pads }));
  b.output(b.Add(second, bounded), 'y');
  return b.graph;
}

/** Inputs and outputs in float32, half precision inside, resized in float32, one head in float32. */
function mixedNetwork(): Graph {
  const b = builderOf(emptyGraph('mixed'));
  const x = b.input('x', 'float32', ['N', 3, 8, 8]);
  const inside = b.Cast(x, { to: FLOAT16 });
  const first = halfBatchNorm(b, b.named('c1').Conv(inside, weight(b, 8, 3, 3, 3), weight(b, 8)));
  const scales = b.constant(floats([4], [1, 1, 2, 2]));
  const wide = b.Cast(b.Relu(first), { to: FLOAT32 });
  const resized = b.Cast(b.named('up').Resize(wide, null, scales, { mode: 'nearest' }), { to: FLOAT16 });
  const second = b.named('c2').Conv(resized, weight(b, 8, 8, 1, 1));
  b.output(b.Cast(second, { to: FLOAT32 }), 'y');
  const logits = b.Cast(second, { to: FLOAT32 });
  b.output(b.named('soft').Softmax(logits, { axis: 1 }), 'scores');
  return b.graph;
}

const typeOf = (graph: Graph, node: string): (DataType | null)[] => {
  inferShapes(graph);
  const found = graph.nodes.find(({ name }) => name === node)!;
  return [...found.inputs, ...found.outputs].map((value) => value?.dtype ?? null);
};

const signature = (graph: Graph) =>
  [...graph.inputs, ...graph.outputs].map(({ name, dtype }) => `${name}: ${dtype}`);

describe('a network in half precision', () => {
  test('folds in float32 and comes back in half precision, computing the same', async () => {
    const given = halfNetwork();
    const form = toFloat32(given);
    expect(form.elementType).toBe('float16');
    const folded = await foldNetwork(form.graph, { executor });
    expect(folded.counts.batchnorm).toBe(2);
    const restored = form.restore(folded.graph);
    expect(signature(restored)).toEqual(signature(given));
    expect(restored.initializers.filter(({ dtype }) => dtype !== 'float16')).toEqual([]);
    expect(mixedOperands(restored)).toBeNull();
    const { error } = await verifyEquivalent(given, parseModel(serializeModel(restored)), { executor });
    expect(error).toBeGreaterThan(0);
  });

  test('comes back bit by bit where nothing was done', () => {
    const given = halfNetwork();
    const { graph, restore } = toFloat32(given);
    expect(graph.initializers.every(({ dtype }) => dtype === 'float32')).toBe(true);
    expect(serializeModel(restore(graph))).toEqual(serializeModel(given));
  });

  test('says which constant half precision cannot hold', () => {
    const { graph, restore } = toFloat32(halfNetwork());
    const large = graph.initializers[0]!;
    large.tensor = floats(large.tensor!.shape, new Float32Array(8 * 27).fill(70000));
    expect(() => restore(graph)).toThrow(
      /^weight: holds 70000, beyond float16's largest element, 65504: fold the network with `elementType` float32/,
    );
    large.tensor = floats(large.tensor.shape, new Float32Array(8 * 27).fill(-3.4e38));
    expect(restore(graph).initializers[0]!.tensor!.data[0]).toBe(0xfbff);
  });
});

describe('a network of two types', () => {
  test('keeps the type of everything that is left', async () => {
    const given = mixedNetwork();
    const form = toFloat32(given);
    const folded = await foldNetwork(form.graph, { executor });
    expect(folded.graph.nodes.map(({ op }) => op)).not.toContain('Cast');
    const restored = parseModel(serializeModel(form.restore(folded.graph)));
    expect(mixedOperands(restored)).toBeNull();
    expect(signature(restored)).toEqual(signature(given));
    expect(typeOf(restored, 'c1')).toEqual(['float16', 'float16', 'float16', 'float16']);
    expect(typeOf(restored, 'c2')).toEqual(['float16', 'float16', 'float16']);
    expect(typeOf(restored, 'up')).toEqual(['float32', null, 'float32', 'float32']);
    expect(typeOf(restored, 'soft')).toEqual(['float32', 'float32']);
    await verifyEquivalent(given, restored, { executor, tolerance: 2e-2 });
  });

  test('keeps weights that are stored in half precision and cast', async () => {
    const b = builderOf(emptyGraph('stored'));
    const x = b.input('x', 'float32', ['N', 3, 8, 8]);
    const stored = b.named('cast').Cast(weight(b, 8, 3, 3, 3), { to: FLOAT32 });
    b.output(b.named('c').Conv(x, stored), 'y');
    const form = toFloat32(b.graph);
    const { graph } = await foldNetwork(form.graph, { executor });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Conv']);
    const restored = form.restore(graph);
    expect(restored.nodes.map(({ op }) => op)).toEqual(['Cast', 'Conv']);
    expect(restored.initializers.map(({ dtype }) => dtype)).toEqual(['float16']);
    expect((await verifyEquivalent(b.graph, restored, { executor })).error).toBe(0);
  });

  test('is nothing to convert where only sizes are computed in another type', () => {
    const b = builderOf(emptyGraph('sizes'));
    const x = b.input('x', 'float32', ['N', 3, 'H', 'W']);
    const double = b.Cast(b.Shape(x), { to: 11 });
    const size = b.Cast(b.Floor(b.Mul(double, b.constant(makeTensor('float64', [], Float64Array.of(2))))), {
      to: 7,
    });
    b.output(b.Resize(x, null, null, size), 'y');
    expect(toFloat32(b.graph).graph).toBe(b.graph);
  });
});

describe('conversion on request', () => {
  test('to half precision: what ONNX knows in float32 alone stays between Casts', async () => {
    const { graph } = toFloat32(halfNetwork());
    const converted = parseModel(serializeModel(withElementType(graph, 'float16')));
    expect(signature(converted)).toEqual(['x: float16', 'y: float16']);
    expect(mixedOperands(converted)).toBeNull();
    const whole = withElementType(converted, 'float32');
    expect(signature(whole)).toEqual(['x: float32', 'y: float32']);
    await verifyEquivalent(whole, graph, { executor, tolerance: 1e-2 });
    const b = builderOf(emptyGraph('boxes'));
    const [boxes, scores] = [b.input('boxes', 'float32', [1, 9, 4]), b.input('scores', 'float32', [1, 2, 9])];
    const most = b.int64s([3]);
    const kept = b.Relu(boxes);
    b.output(b.named('nms').NonMaxSuppression(kept, scores, most), 'kept');
    const halves = withElementType(b.graph, 'float16');
    expect(typeOf(halves, 'nms').slice(0, 2)).toEqual(['float32', 'float32']);
    expect(signature(halves)).toEqual(['boxes: float16', 'scores: float16', 'kept: int64']);
    await (await executor.compile(halves)).close();
  });

  test('signature alone', async () => {
    const given = halfNetwork();
    const form = toFloat32(given);
    const restored = form.restoreSignature(form.graph);
    expect(signature(restored)).toEqual(signature(given));
    expect(typeOf(restored, 'c1')).toEqual(['float32', 'float32', 'float32']);
    await verifyEquivalent(given, restored, { executor });
  });
});

describe('what edits weights in the library', () => {
  test('says how to convert a network in half precision', async () => {
    await expect(prepareForPruning(halfNetwork(), executor)).rejects.toThrow(
      'x: expected float32, found float16: convert the network with toFloat32(graph) first',
    );
  });
});

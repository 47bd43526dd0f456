import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const executor = onnxruntime;

function graphOf(build: (b: Builder, x: Value) => Value, shape: (number | string)[] = ['N', 4]): Graph {
  const b = builderOf(emptyGraph('test'));
  b.output(build(b, b.input('x', 'float32', shape)), 'y');
  return b.graph;
}

describe('verification', () => {
  test('accepts rounding and says how much', async () => {
    const before = graphOf((b, x) => b.Mul(x, b.floats(3)));
    const after = graphOf((b, x) => b.Mul(x, b.floats(3.00003)));
    const { error } = await verifyEquivalent(before, after, { executor });
    expect(error).toBeGreaterThan(5e-6);
    expect(error).toBeLessThan(2e-5);
    await expect(verifyEquivalent(before, after, { executor, tolerance: 1e-6 })).rejects.toThrow(
      /^y: expected the same output within 0.000001, got a relative error of/,
    );
  });

  test('says where the output does not depend on the input, so that nothing is proved', async () => {
    const dead = graphOf((b, x) => b.Add(b.Relu(b.Min(x, b.floats(0))), b.floats(3)));
    const alive = graphOf((b, x) => b.Relu(x));
    expect(await verifyEquivalent(dead, dead, { executor })).toMatchObject({ error: 0, constant: true });
    expect(await verifyEquivalent(alive, alive, { executor })).toMatchObject({ error: 0, constant: false });
  });

  test('tries small sizes first if inputs are large, since cost may grow with the square of the area', async () => {
    const long = graphOf((b, x) => b.Relu(x), ['N', 1000, 'width', 3]);
    const wide = graphOf((b, x) => b.Relu(x), ['N', 3, 'height', 'width']);
    const sizesOf = async (graph: Graph, size?: [number, number]) => {
      const { sizes } = await verifyEquivalent(graph, graph, { executor, ...(size && { size }) });
      return sizes.map(({ first, others }) => [first, others]);
    };
    expect(await sizesOf(long, [12, 12])).toEqual([
      [12, 12],
      [16, 24],
    ]);
    expect(await sizesOf(long)).toEqual([
      [28, 28],
      [16, 24],
    ]);
    expect(await sizesOf(wide)).toEqual([
      [64, 64],
      [96, 128],
    ]);
    expect(await sizesOf(wide, [320, 320])).toEqual([
      [320, 320],
      [96, 128],
    ]);
  });

  test('notices what only large inputs show', async () => {
    const before = graphOf((b, x) => b.Clip(x, b.floats(-12), b.floats(12)));
    await expect(
      verifyEquivalent(
        before,
        graphOf((b, x) => b.Identity(x)),
        { executor },
      ),
    ).rejects.toThrow('y:');
  });

  test('notices NaN, and takes equal infinities for equal', async () => {
    const root = (b: Builder, x: Value) => b.Sqrt(b.Abs(x));
    await expect(
      verifyEquivalent(
        graphOf(root),
        graphOf((b, x) => b.Sqrt(x)),
        { executor },
      ),
    ).rejects.toThrow('got a relative error of NaN');
    const infinite = graphOf((b, x) => b.Div(x, b.floats(0)));
    expect(await verifyEquivalent(infinite, infinite, { executor })).toMatchObject({ error: 0 });
  });

  test('notices another shape, type or number of outputs', async () => {
    const before = graphOf((b, x) => b.Relu(x));
    const wider = graphOf((b, x) => b.Unsqueeze(b.Relu(x), b.int64s([0])));
    await expect(verifyEquivalent(before, wider, { executor })).rejects.toThrow(
      'y: expected float32 [2,4], got float32 [1,2,4]',
    );
    const whole = graphOf((b, x) => b.Cast(b.Relu(x), { to: 7 }));
    await expect(verifyEquivalent(before, whole, { executor })).rejects.toThrow('got int64 [2,4]');
    const none = { ...before, outputs: [] };
    await expect(verifyEquivalent(before, none, { executor })).rejects.toThrow('expected 1 outputs, got 0');
  });

  test('integers must be equal', async () => {
    const rounded = (shift: number) =>
      graphOf((b, x) => b.Cast(b.Add(b.Mul(x, b.floats(1e6)), b.floats(shift)), { to: 7 }));
    await verifyEquivalent(rounded(0), rounded(0), { executor });
    await expect(verifyEquivalent(rounded(0), rounded(8), { executor })).rejects.toThrow('within 0');
  });

  test('tries a network for many images at small sizes first', async () => {
    const graph = graphOf((b, x) => b.Relu(x), [100, 1, 'height', 'width']);
    const { sizes } = await verifyEquivalent(graph, graph, { executor });
    expect(sizes.map(({ first, others }) => [first, others])).toEqual([
      [28, 28],
      [16, 24],
    ]);
  });

  test('refuses an input without elements, which the engine may not survive', async () => {
    const graph = graphOf((b, x) => b.Relu(x), [0, 4]);
    await expect(verifyEquivalent(graph, graph, { executor })).rejects.toThrow(
      'x: expected at least one element, found an input of [0, 4]',
    );
  });

  test('finds sizes for open heights and widths', async () => {
    const flattened = graphOf(
      (b, x) => b.Gemm(b.Flatten(b.Relu(x)), b.constant(filled([3 * 28 * 28, 2], 1))),
      ['N', 3, 'H', 'W'],
    );
    expect(await verifyEquivalent(flattened, flattened, { executor })).toMatchObject({ error: 0 });
    flattened.inputs[0]!.shape = [null, 3, null, null];
    expect(await verifyEquivalent(flattened, flattened, { executor })).toMatchObject({ error: 0 });
  });

  test('half precision is compared as numbers', async () => {
    const half = (factor: number) =>
      graphOf((b, x) => b.Cast(b.Mul(x, b.constant(floats([], [factor]))), { to: 10 }));
    const { error } = await verifyEquivalent(half(1), half(1.005), { executor });
    expect(error).toBeGreaterThan(3e-3);
    expect(error).toBeLessThan(8e-3);
    await expect(verifyEquivalent(half(1), half(1.5), { executor })).rejects.toThrow('y:');
  });
});

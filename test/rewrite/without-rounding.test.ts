import { expect, test } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { floats, makeTensor } from '../../src/numeric/tensor.ts';
import { withoutRounding } from '../../src/rewrite/index.ts';
import { normals, outputOf } from '../support/run-graph.ts';

const SCALE = 0.05;

/** Codes that are padded and pooled as codes, and decoded; a scale a channel, where asked. */
function rounding(perChannel: boolean): Graph {
  const g = builderOf(emptyGraph('rounding'));
  const x = g.input('x', 'float32', [1, 3, 6, 6]);
  const scale = perChannel
    ? g.constant(
        floats(
          [3],
          [0.5, 1, 2].map((f) => f * SCALE),
        ),
      )
    : g.floats(SCALE);
  const zero = g.constant(
    makeTensor('uint8', perChannel ? [3] : [], Uint8Array.from(perChannel ? [9, 9, 9] : [9])),
  );
  const codes = g.QuantizeLinear(g.Mul(x, g.floats(4)), scale, zero);
  const fill = g.constant(makeTensor('uint8', [], Uint8Array.of(9)));
  const padded = g.Pad(codes, g.int64s([0, 0, 1, 1, 0, 0, 0, 0]), fill);
  const pooled = g.MaxPool(padded, { kernel_shape: [2, 2] });
  g.output(g.DequantizeLinear(pooled, scale, zero), 'y');
  return g.graph;
}

test.each([false, true])(
  'clamps and moves as 8-bit integers do, without their steps (a scale a channel: %s)',
  async (perChannel) => {
    const given = rounding(perChannel);
    const smooth = withoutRounding(given)!;
    const ops = smooth.nodes.map(({ op }) => op);
    expect(ops).not.toContain('QuantizeLinear');
    expect(ops).toContain('MaxPool');
    const input = normals([1, 3, 6, 6], 3);
    const [steps, exact] = [await outputOf(given, input), await outputOf(smooth, input)];
    const off = steps.map((y, i) => Math.abs(y - exact[i]!));
    expect(Math.max(...off)).toBeLessThanOrEqual(SCALE * (perChannel ? 1 : 0.5) + 1e-6);
    expect(Math.max(...off)).toBeGreaterThan(0.1 * SCALE);
    expect(Math.min(...steps)).toBeLessThan(0.01); // clamped below at (0 − 9)·scale
  },
);

test('is nothing where nothing is rounded', () => {
  const g = builderOf(emptyGraph('float'));
  g.output(g.Relu(g.input('x', 'float32', [1, 3])), 'y');
  expect(withoutRounding(g.graph)).toBeNull();
});

test.each([
  ['a scale a channel along an axis that the value does not have', 'axis'],
  ['a zero point that is computed', 'zero'],
])('leaves %s as it is', (_, what) => {
  const g = builderOf(emptyGraph('open'));
  const x = g.Relu(g.input('x', 'float32', [1, 3]));
  const scale = what === 'axis' ? g.constant(floats([3], [1, 2, 3])) : g.floats(1);
  const zero = what === 'axis' ? null : g.Cast(g.input('z', 'float32', []), { to: 2 });
  g.output(g.QuantizeLinear(x, scale, zero, { axis: what === 'axis' ? 5 : 1 }), 'codes');
  expect(() => withoutRounding(g.graph)).not.toThrow();
  const kept = withoutRounding(g.graph) ?? g.graph;
  expect(kept.nodes.map(({ op }) => op)).toContain('QuantizeLinear');
});

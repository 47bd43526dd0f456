import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Comparison, Form } from '../decompositions.ts';

const FLOAT = 1;
const BOOL = 9;

const activated =
  (form: (g: Builder, dy: Value, y: Value) => Value): Form =>
  (g, [dy, x]) =>
    form(g, dy!, g.Relu(x));

/** dy where y > 0; each includes the Relu that makes y. */
export const reluGradients: readonly Comparison[] = [
  [128, 16, 32, 32],
  [128, 64, 8, 8],
].map((shape) => ({
  title: `relu and its gradient [${shape}]`,
  shapes: [shape, shape],
  forms: {
    chosen: activated((g, dy, y) => g.ReluGrad(dy, y)),
    'Cast twice': activated((g, dy, y) => g.Mul(dy, g.Cast(g.Cast(y, { to: BOOL }), { to: FLOAT }))),
    Sign: activated((g, dy, y) => g.Mul(dy, g.Sign(y))),
    'Where Greater': activated((g, dy, y) => g.Where(g.Greater(y, g.floats(0)), dy, g.floats(0))),
  },
}));

/** dx, 2×2 windows side by side. */
export const maxPoolGradients: readonly Comparison[] = [
  [128, 64, 16, 16],
  [64, 64, 32, 32],
].map((shape): Comparison => {
  const window = { kernel_shape: [2, 2], strides: [2, 2] };
  return {
    title: `max-pool and its gradient [${shape}]`,
    shapes: [shape, [...shape.slice(0, 2), shape[2]! / 2, shape[3]! / 2]],
    forms: {
      chosen: (g, [x, dy]) => g.MaxPoolGrad(dy, g.MaxPool(x, window), x, window),
      'tap by tap': (g, [x, dy]) => tapByTap(g, x!, { dy: dy!, y: g.MaxPool(x, window) }),
    },
  };
});

/** Each position of the window takes dy where it is the first to attain y; DepthToSpace puts them together. */
function tapByTap(g: Builder, x: Value, { dy, y }: { readonly dy: Value; readonly y: Value }): Value {
  const zero = g.floats(0);
  let rest = dy;
  const parts = [0, 1, 2, 3].map((position) => {
    const starts = [Math.floor(position / 2), position % 2];
    const [ends, axes, steps] = [g.int64s([2 ** 31, 2 ** 31]), g.int64s([2, 3]), g.int64s([2, 2])];
    const seen = g.Slice(x, g.int64s(starts), ends, axes, steps);
    const attains = g.Equal(seen, y);
    const taken = g.Where(attains, rest, zero);
    rest = g.Where(attains, zero, rest);
    return taken;
  });
  return g.DepthToSpace(g.Concat(...parts, { axis: 1 }), { blocksize: 2 });
}

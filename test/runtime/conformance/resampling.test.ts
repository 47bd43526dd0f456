import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import {
  at,
  generate,
  indicesOf,
  offsetOf,
  type Reference,
  referenceOf,
  zerosLike,
} from '../../support/reference/array.ts';
import { normals } from '../../support/run-graph.ts';

type Shape = readonly number[];
type Mode = 'nearest' | 'linear';

interface Tap {
  readonly index: readonly number[];
  readonly weight: number;
}

/** The elements of x [shape] that element `to` of a result [size] is a sum of: by the distances to their centres. */
function tapsAt(shape: Shape, size: Shape, to: readonly number[], mode: Mode): Tap[] {
  const along = shape.map((length, axis) => {
    const centre = ((to[axis]! + 0.5) * length) / size[axis]! - 0.5;
    if (mode === 'nearest') return [{ i: Math.min(Math.max(Math.round(centre), 0), length - 1), weight: 1 }];
    const inside = Math.min(Math.max(centre, 0), length - 1);
    return Array.from({ length }, (_, i) => ({ i, weight: Math.max(0, 1 - Math.abs(inside - i)) }));
  });
  return along.reduce<Tap[]>(
    (taps, list) =>
      taps.flatMap(({ index, weight }) =>
        list.flatMap((one) =>
          one.weight ? [{ index: [...index, one.i], weight: weight * one.weight }] : [],
        ),
      ),
    [{ index: [], weight: 1 }],
  );
}

function resized(x: Reference, size: Shape, mode: Mode): Reference {
  return generate(size, (to) =>
    tapsAt(x.shape, size, to, mode).reduce((sum, { index, weight }) => sum + weight * at(x, index), 0),
  );
}

function unresized(dy: Reference, shape: Shape, mode: Mode): Reference {
  const dx = zerosLike(shape);
  for (const to of indicesOf(dy.shape)) {
    for (const { index, weight } of tapsAt(shape, dy.shape, to, mode))
      dx.data[offsetOf(shape, index)]! += weight * at(dy, to);
  }
  return dx;
}

function resize(shape: Shape, size: Shape, mode: Mode): ConformanceCase<'x' | 'dy'> {
  const [x, dy] = [normals(shape, 1), normals(size, 2)];
  return {
    title: `${mode} Resize of [${shape}] to [${size}], and its gradient`,
    inputs: { x, dy },
    build: (g, v) => ({
      y: g.Resize(v.x, null, null, g.int64s(size), { mode }),
      behind: g.Resize(blocked(g, v.x), null, null, g.int64s(size), { mode }),
      dx: g.ResampleGrad(blocked(g, v.dy), { mode, size: shape }),
    }),
    expected() {
      const y = resized(referenceOf(x), size, mode);
      return { y, behind: y, dx: unresized(referenceOf(dy), shape, mode) };
    },
  };
}

describeExecutors('changes of resolution', (executor) => {
  checkCases(executor, [
    resize([2, 10, 3, 4], [2, 10, 6, 8], 'nearest'),
    resize([2, 3, 3, 4], [2, 3, 9, 4], 'nearest'),
    resize([2, 16, 5], [2, 16, 10], 'nearest'),
    resize([2, 10, 3, 4], [2, 10, 6, 8], 'linear'),
    resize([2, 3, 4, 5], [2, 3, 7, 3], 'linear'),
    resize([1, 16, 7, 1], [1, 16, 28, 4], 'linear'),
    resize([1, 8, 2, 3, 2], [1, 8, 4, 5, 4], 'linear'),
  ]);
});

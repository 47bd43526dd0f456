import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { at, generate, referenceOf } from '../../support/reference/array.ts';
import { normals } from '../../support/run-graph.ts';

type Shape = readonly number[];

interface Slice {
  readonly shape: Shape;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[];
  readonly steps: readonly number[];
}

/** Slices within the shape; `begin` and `count` say for each axis what comes out. */
function slice({ shape, starts, ends, axes, steps }: Slice): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  const places = shape.map((size) => Array.from({ length: size }, (_, i) => i));
  axes.forEach((axis, i) => {
    const all = places.at(axis)!;
    const picked = all.slice(starts[i]!, ends[i]!).filter((_, k) => k % steps[i]! === 0);
    places[axis < 0 ? axis + shape.length : axis] = picked;
  });
  return {
    title: `Slice of [${shape}]: ${JSON.stringify({ starts, ends, axes, steps })}`,
    inputs: { x },
    build(g, v) {
      const lists = [g.int64s(starts), g.int64s(ends), g.int64s(axes), g.int64s(steps)] as const;
      return { y: g.Slice(v.x, ...lists), behind: g.Slice(blocked(g, v.x), ...lists) };
    },
    expected() {
      const size = places.map((list) => list.length);
      const y = generate(size, (index) =>
        at(
          referenceOf(x),
          index.map((i, axis) => places[axis]![i]!),
        ),
      );
      return { y, behind: y };
    },
  };
}

interface Pad {
  readonly shape: Shape;
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly fill?: number;
}

function pad({ shape, begins, ends, fill }: Pad): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  return {
    title: `Pad of [${shape}]: begins ${begins}, ends ${ends}${fill === undefined ? '' : `, with ${fill}`}`,
    inputs: { x },
    build(g, v) {
      const inputs = [g.int64s([...begins, ...ends]), fill === undefined ? null : g.floats(fill)] as const;
      return { y: g.Pad(v.x, ...inputs), behind: g.Pad(blocked(g, v.x), ...inputs) };
    },
    expected() {
      const source = referenceOf(x);
      const size = shape.map((length, axis) => length + begins[axis]! + ends[axis]!);
      const y = generate(size, (index) => {
        const from = index.map((i, axis) => i - begins[axis]!);
        return from.every((i, axis) => i >= 0 && i < shape[axis]!) ? at(source, from) : (fill ?? 0);
      });
      return { y, behind: y };
    },
  };
}

describeInference('parts of values, and padding', (executor) => {
  const image = [2, 10, 5, 7];
  const whole = [2 ** 31 - 1, 2 ** 31 - 1];
  checkCases(executor, [
    slice({ shape: image, starts: [0, 0], ends: whole, axes: [2, 3], steps: [2, 2] }),
    slice({ shape: image, starts: [0, 0], ends: [5, 7], axes: [2, 3], steps: [3, 1] }),
    slice({ shape: image, starts: [0], ends: [7], axes: [-1], steps: [2] }),
    slice({ shape: image, starts: [1, 1], ends: [5, 7], axes: [2, 3], steps: [2, 2] }),
    slice({ shape: image, starts: [0, 0], ends: [4, 6], axes: [2, 3], steps: [2, 2] }),
    slice({ shape: image, starts: [0, 0], ends: [-1, -2], axes: [2, 3], steps: [2, 2] }),
    slice({ shape: image, starts: [3], ends: [9], axes: [1], steps: [2] }),
    slice({ shape: image, starts: [0, 0], ends: [2, 5], axes: [0, 2], steps: [1, 2] }),
    slice({ shape: [2, 16, 9], starts: [0], ends: [9], axes: [2], steps: [4] }),
    slice({ shape: [1, 3, 4, 4, 4], starts: [0, 0], ends: whole, axes: [2, 4], steps: [2, 3] }),
    pad({ shape: [2, 3, 4, 3], begins: [0, 1, 0, 0], ends: [0, 2, 0, 0] }),
    pad({ shape: [2, 16, 4, 3], begins: [0, 8, 0, 0], ends: [0, 8, 0, 0], fill: 0 }),
    pad({ shape: [2, 17, 4, 3], begins: [0, 3, 0, 0], ends: [0, 0, 0, 0] }),
    pad({ shape: [2, 16, 4, 3], begins: [0, -3, 0, 0], ends: [0, -2, 0, 0] }),
    pad({ shape: [2, 16, 4, 3], begins: [0, -5, 0, 0], ends: [0, 7, 0, 0] }),
    pad({ shape: [2, 10, 4, 3], begins: [0, 1, 0, 0], ends: [0, 1, 0, 0], fill: 2.5 }),
    pad({ shape: [2, 10, 4, 3], begins: [0, 0, 1, 2], ends: [0, 0, 0, 1] }),
    pad({ shape: [1, 10, 4, 3], begins: [1, 1, 0, 0], ends: [0, 0, 0, 0] }),
    pad({ shape: [2, 3, 4], begins: [0, 2, 0], ends: [0, 3, 0] }),
  ]);
});

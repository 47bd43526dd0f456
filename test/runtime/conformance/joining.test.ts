import { makeTensor } from '../../../src/numeric/tensor.ts';
import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { at, generate, type Reference, referenceOf } from '../../support/reference/array.ts';
import { normals } from '../../support/run-graph.ts';

type Shape = readonly number[];

/** The elements from `first` on along an axis. */
const part = (x: Reference, axis: number, [first, count]: readonly [number, number]): Reference =>
  generate(
    x.shape.map((size, i) => (i === axis ? count : size)),
    (index) =>
      at(
        x,
        index.map((i, k) => (k === axis ? i + first : i)),
      ),
  );

/** Splits what lies in blocks, and joins the parts again, the first one last. */
function splitAndJoin(shape: Shape, axis: number, sizes: readonly number[]): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  const first = sizes[0]!;
  return {
    title: `[${shape}] split into ${sizes} along axis ${axis}, and joined in another order`,
    inputs: { x },
    build(g, v) {
      const parts = g.node('Split', [blocked(g, v.x), g.int64s(sizes)], { axis }, sizes.length);
      const [head, ...rest] = parts;
      const joined = g.node('Concat', [...rest, head!], { axis }, 1)[0]!;
      return { joined, plain: g.Concat(v.x, v.x, { axis }), last: parts.at(-1)! };
    },
    expected() {
      const source = referenceOf(x);
      const length = shape[axis]!;
      const turned = generate(shape, (index) =>
        at(
          source,
          index.map((i, k) => (k === axis ? (i + first) % length : i)),
        ),
      );
      const doubled = generate(
        shape.map((size, k) => (k === axis ? 2 * size : size)),
        (index) =>
          at(
            source,
            index.map((i, k) => (k === axis ? i % length : i)),
          ),
      );
      const tail = sizes.at(-1)!;
      return { joined: turned, plain: doubled, last: part(source, axis, [length - tail, tail]) };
    },
  };
}

/** The axes of y are those of x in another order. */
function transpose(shape: Shape, perm: readonly number[]): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  return {
    title: `Transpose of [${shape}] by ${perm}`,
    inputs: { x },
    build: (g, v) => ({ y: g.Transpose(v.x, { perm }) }),
    expected: () => ({
      y: generate(
        perm.map((axis) => shape[axis]!),
        (index) => {
          const source = shape.map((_, axis) => index[perm.indexOf(axis)]!);
          return at(referenceOf(x), source);
        },
      ),
    }),
  };
}

/** Blocks of b × b pixels become channels, and channels blocks again. */
function depthAndSpace(shape: readonly [number, number, number, number], b: number): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  const [images, channels, height, width] = shape;
  const kept = channels / b ** 2;
  const fromDepth = (place: (row: number, column: number, channel: number) => number) =>
    generate([images, kept, height * b, width * b], ([n, c, h, w]) => {
      const channel = place(h! % b, w! % b, c!);
      return at(referenceOf(x), [n!, channel, Math.floor(h! / b), Math.floor(w! / b)]);
    });
  return {
    title: `DepthToSpace of [${shape}] by ${b}, and back`,
    inputs: { x },
    build(g, v) {
      const y = g.DepthToSpace(blocked(g, v.x), { blocksize: b });
      return {
        y,
        byColumns: g.DepthToSpace(v.x, { blocksize: b, mode: 'CRD' }),
        back: g.SpaceToDepth(y, { blocksize: b }),
      };
    },
    expected: () => ({
      y: fromDepth((row, column, c) => (row * b + column) * kept + c),
      byColumns: fromDepth((row, column, c) => c * b ** 2 + row * b + column),
      back: referenceOf(x),
    }),
  };
}

/** One slice of an axis, and a number a channel along all places. */
function sliceAndSpread(shape: Shape, axis: number, index: number): ConformanceCase<'x' | 'means'> {
  const x = normals(shape, 1);
  const kept = shape.filter((_, i) => i !== axis);
  const means = normals([...shape.slice(0, 2), ...shape.slice(2).map(() => 1)], 2);
  const place = index < 0 ? index + shape[axis]! : index;
  return {
    title: `Gather of slice ${index} of axis ${axis} of [${shape}], and Expand`,
    inputs: { x, means },
    build: (g, v) => ({
      slice: g.Gather(blocked(g, v.x), g.constant(makeTensor('int64', [], BigInt64Array.of(BigInt(index)))), {
        axis,
      }),
      spread: g.Expand(v.means, g.int64s(shape)),
      behind: g.Expand(blocked(g, v.means), g.int64s(shape)),
    }),
    expected() {
      const spread = generate(shape, ([n, c]) =>
        at(referenceOf(means), [n!, c!, ...shape.slice(2).map(() => 0)]),
      );
      return {
        slice: generate(kept, (own) =>
          at(referenceOf(x), [...own.slice(0, axis), place, ...own.slice(axis)]),
        ),
        spread,
        behind: spread,
      };
    },
  };
}

describeExecutors('parts that are joined and split', (executor) => {
  checkCases(executor, [
    splitAndJoin([2, 48, 3, 4], 1, [16, 32]),
    splitAndJoin([2, 40, 3, 4], 1, [32, 8]),
    splitAndJoin([2, 40, 3, 4], 1, [16, 16, 8]),
    splitAndJoin([2, 30, 3, 4], 1, [10, 7, 13]),
    splitAndJoin([2, 12, 3, 4], 2, [1, 2]),
    splitAndJoin([3, 17, 5, 4], 0, [2, 1]),
    splitAndJoin([2, 3, 4, 6], 3, [4, 2]),
    splitAndJoin([2, 20, 9], 2, [4, 5]),
    depthAndSpace([2, 16, 3, 4], 2),
    depthAndSpace([1, 9, 2, 2], 3),
    sliceAndSpread([2, 16, 5], 1, 0),
    sliceAndSpread([2, 10, 4, 5], 2, -1),
    transpose([2, 3, 4, 5], [0, 2, 3, 1]),
    transpose([2, 3, 4, 5], [3, 1, 0, 2]),
    transpose([4, 1, 6], [1, 2, 0]),
    transpose([2, 3, 2, 4, 2, 5], [0, 1, 3, 5, 2, 4]),
  ]);
});

import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeInference } from '../../support/executors.ts';
import { broadcastAt, generate, map, type Reference, referenceOf } from '../../support/reference/array.ts';
import { matMul, sumOver, transpose } from '../../support/reference/matrix.ts';
import { normals } from '../../support/run-graph.ts';

interface Gemm {
  readonly transA?: number;
  readonly transB?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly c?: readonly number[];
  readonly columns?: number;
}

function gemm({ transA = 0, transB = 0, alpha = 1, beta = 1, c, columns = 5 }: Gemm): ConformanceCase {
  const [rows, inner] = [3, 17];
  const a = normals(transA ? [inner, rows] : [rows, inner], 1);
  const b = normals(transB ? [columns, inner] : [inner, columns], 2);
  const bias = c ? normals(c, 3) : null;
  const attributes = { transA, transB, alpha, beta };
  return {
    title: `Gemm [${a.shape}] [${b.shape}] ${c ? `+ [${c}]` : ''} ${JSON.stringify(attributes)}`,
    inputs: { a, b, ...(bias ? { c: bias } : {}) },
    build: (g, v) => ({ y: g.Gemm(v.a!, v.b!, v.c, attributes) }),
    expected() {
      const [left, right] = [referenceOf(a), referenceOf(b)];
      const product = matMul(transA ? transpose(left) : left, transB ? transpose(right) : right);
      const added = bias ? referenceOf(bias) : null;
      const y = generate(
        [rows, columns],
        (index) => alpha * broadcastAt(product, index) + (added ? beta * broadcastAt(added, index) : 0),
      );
      return { y };
    },
  };
}

function product(left: readonly number[], right: readonly number[]): ConformanceCase<'a' | 'b'> {
  const [a, b] = [normals(left, 1), normals(right, 2)];
  return {
    title: `MatMul [${left}] [${right}]`,
    inputs: { a, b },
    build: (g, v) => ({ y: g.MatMul(v.a, v.b) }),
    expected: () => ({ y: matMul(referenceOf(a), referenceOf(b)) }),
  };
}

interface Reduction {
  readonly op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin';
  readonly shape: readonly number[];
  readonly axes: readonly number[] | null;
  readonly keepdims?: number;
  /** Axes are an attribute: before opset 18, of ReduceSum before 13. */
  readonly opset?: number;
}

const without = ({ shape, data }: Reference, axes: readonly number[]): Reference => ({
  shape: shape.filter((_, axis) => !axes.includes(axis)),
  data,
});

function reduction({ op, shape, axes, keepdims = 1, opset }: Reduction): ConformanceCase<'x'> {
  const x = normals(shape, 1);
  const all = shape.map((_, axis) => axis);
  const positive = axes?.map((axis) => (axis < 0 ? axis + shape.length : axis)) ?? all;
  const count = positive.reduce((size, axis) => size * shape[axis]!, 1);
  return {
    title: `${op} of [${shape}] over ${axes ?? 'all'}, keepdims ${keepdims}${opset ? `, opset ${opset}` : ''}`,
    inputs: { x },
    opset,
    build(g, v) {
      if (!axes) return { y: g[op](v.x, { keepdims }) };
      return { y: opset ? g[op](v.x, { axes, keepdims }) : g[op](v.x, g.int64s(axes), { keepdims }) };
    },
    expected() {
      const sums = sumOver(referenceOf(x), positive);
      const y = {
        ReduceSum: () => sums,
        ReduceMean: () => map(sums, (sum) => sum / count),
        ReduceMax: () => extremes(referenceOf(x), positive, Math.max),
        ReduceMin: () => extremes(referenceOf(x), positive, Math.min),
      }[op]();
      return { y: keepdims ? y : without(y, positive) };
    },
  };
}

/** The largest or smallest element along axes: of those whose index agrees elsewhere. */
function extremes(x: Reference, axes: readonly number[], pick: (...values: number[]) => number): Reference {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return generate(kept, (index) => {
    const along = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
    let best = Number.NaN;
    generate(along, (step) => {
      const value = broadcastAt(
        x,
        index.map((i, axis) => i + step[axis]!),
      );
      best = Number.isNaN(best) ? value : pick(best, value);
      return 0;
    });
    return best;
  });
}

/** A global mean of convolved channels, as squeeze-and-excitation takes it. */
function meanOfChannels(channels: number): ConformanceCase<'x'> {
  const x = normals([2, channels, 4, 5], 1);
  return {
    title: `ReduceMean over places of ${channels} blocked channels, times them`,
    inputs: { x },
    build(g, v) {
      const [pooled] = g.node('MaxPool', [v.x!], { kernel_shape: [1, 1] }, 1);
      const mean = g.ReduceMean(pooled!, g.int64s([2, 3]), { keepdims: 1 });
      return { y: g.Mul(pooled!, mean), sums: g.ReduceSum(pooled!, g.int64s([0, 2, 3]), { keepdims: 0 }) };
    },
    expected() {
      const input = referenceOf(x);
      const mean = map(sumOver(input, [2, 3]), (sum) => sum / 20);
      return {
        y: generate(x.shape, (index) => broadcastAt(input, index) * broadcastAt(mean, index)),
        sums: without(sumOver(input, [0, 2, 3]), [0, 2, 3]),
      };
    },
  };
}

/** Without axes and with noop_with_empty_axes it changes nothing. */
function noReduction(): ConformanceCase<'x'> {
  const x = normals([2, 3], 1);
  return {
    title: 'ReduceSum over no axes, told to leave its input alone',
    inputs: { x },
    build: (g, v) => ({
      without: g.ReduceSum(v.x, { noop_with_empty_axes: 1 }),
      empty: g.ReduceSum(v.x, g.int64s([]), { noop_with_empty_axes: 1 }),
    }),
    expected: () => ({ without: referenceOf(x), empty: referenceOf(x) }),
  };
}

describeInference('products and sums', (executor) => {
  const bits = [0, 1];
  const image = [2, 10, 4, 5];
  const ops = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin'] as const;
  checkCases(executor, [
    ...bits.flatMap((transA) => bits.map((transB) => gemm({ transA, transB, c: [5] }))),
    ...bits.flatMap((transA) =>
      bits.map((transB) => gemm({ transA, transB, alpha: 0.5, beta: 2, c: [3, 5] })),
    ),
    gemm({}),
    gemm({ alpha: -1.5, transB: 1 }),
    gemm({ beta: 0.25, c: [5] }),
    gemm({ c: [1, 5] }),
    gemm({ c: [3, 1] }),
    gemm({ c: [] }),
    gemm({ c: [1] }),
    gemm({ c: [3, 1], columns: 3 }),
    gemm({ c: [1], columns: 1 }),
    gemm({ c: [], columns: 1 }),
    product([3, 4], [4, 5]),
    product([1, 17], [17, 1]),
    product([2, 3, 4], [2, 4, 5]),
    product([2, 1, 3, 4], [5, 4, 2]),
    product([3, 4], [2, 2, 4, 5]),
    product([2, 1, 1, 3, 4], [2, 2, 1, 4, 3]),
    ...ops.flatMap((op) =>
      [null, [0], [1], [2, 3], [0, 2, 3], [1, 2], [-1], [-3, -1]].map((axes, i) =>
        reduction({ op, shape: image, axes, keepdims: i % 2 }),
      ),
    ),
    ...ops.map((op) => reduction({ op, shape: image, axes: [2, 3], opset: op === 'ReduceSum' ? 11 : 13 })),
    reduction({ op: 'ReduceSum', shape: [7], axes: [0], keepdims: 0 }),
    reduction({ op: 'ReduceSum', shape: [], axes: null, keepdims: 0 }),
    reduction({ op: 'ReduceMean', shape: [2, 2, 3, 2, 3, 2], axes: [1, 3], keepdims: 0 }),
    ...[3, 10, 16].map(meanOfChannels),
    noReduction(),
  ]);
});

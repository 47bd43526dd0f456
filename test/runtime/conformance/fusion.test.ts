import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { normals } from '../../support/run-graph.ts';

type Numbers = ArrayLike<number>;
type Values = Readonly<Record<string, Value>>;

const shape = [2, 10, 3, 4];
const [a, b] = [normals(shape, 1), normals(shape, 2)];
const each = (f: (a: number, b: number) => number): Numbers => a.data.map((v, i) => f(v, b.data[i]!));
const positive = (v: number): number => Math.max(v, 0);

interface Fusion {
  readonly title: string;
  readonly build: (g: Builder, values: Values) => Values;
  readonly expected: () => Readonly<Record<string, Numbers>>;
}

/** Sums, products and Relus that share values: what may be computed in one pass, in place, and what must not. */
const fusions: readonly Fusion[] = [
  {
    title: 'Add, then Relu',
    build: (g, v) => ({ y: g.Relu(g.Add(v.a, v.b)) }),
    expected: () => ({ y: each((x, y) => positive(x + y)) }),
  },
  {
    title: 'Add, then Relu, where the sum is a result',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      return { sum, y: g.Relu(sum) };
    },
    expected: () => ({ sum: each((x, y) => x + y), y: each((x, y) => positive(x + y)) }),
  },
  {
    title: 'Add, then Relu, where something else reads the sum',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      return { y: g.Relu(sum), other: g.Mul(sum, v.a) };
    },
    expected: () => ({ y: each((x, y) => positive(x + y)), other: each((x, y) => (x + y) * x) }),
  },
  {
    title: 'a sum that one node reads twice',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      return { y: g.Mul(sum, sum) };
    },
    expected: () => ({ y: each((x, y) => (x + y) ** 2) }),
  },
  {
    title: 'a sum that two Relus read',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      return { y: g.Relu(sum), z: g.Neg(g.Relu(sum)) };
    },
    expected: () => ({ y: each((x, y) => positive(x + y)), z: each((x, y) => -positive(x + y)) }),
  },
  {
    title: 'Add of a value to itself',
    build: (g, v) => ({ y: g.Add(v.a, v.a), z: g.Sub(v.b, v.b) }),
    expected: () => ({ y: each((x) => 2 * x), z: each(() => 0) }),
  },
  {
    title: 'an operand that is read again later',
    build(g, v) {
      const double = g.Add(v.a, v.a);
      const sum = g.Add(double, v.b);
      return { y: g.Relu(sum), z: g.Sub(double, v.b), w: g.Relu(double) };
    },
    expected: () => ({
      y: each((x, y) => positive(2 * x + y)),
      z: each((x, y) => 2 * x - y),
      w: each((x) => positive(2 * x)),
    }),
  },
  {
    title: 'a Relu that reads an input, which is read again',
    build: (g, v) => ({ y: g.Relu(v.a), z: g.Add(v.a, v.b), w: g.Sub(v.a, g.Relu(v.b)) }),
    expected: () => ({
      y: each(positive),
      z: each((x, y) => x + y),
      w: each((x, y) => x - positive(y)),
    }),
  },
  {
    title: 'a Relu of a Relu, and its gradients',
    build(g, v) {
      const first = g.Relu(v.a);
      const second = g.Relu(first);
      return { second, dx: g.ReluGrad(g.ReluGrad(v.b, second), first) };
    },
    expected: () => ({ second: each(positive), dx: each((x, y) => (x > 0 ? y : 0)) }),
  },
  {
    title: 'a gradient of Relu whose operands are read again',
    build(g, v) {
      const y = g.Relu(v.a);
      const dx = g.ReluGrad(v.b, y);
      return { dx, y: g.Neg(y), dy: g.Add(v.b, dx) };
    },
    expected: () => ({
      dx: each((x, d) => (x > 0 ? d : 0)),
      y: each((x) => -positive(x)),
      dy: each((x, d) => (x > 0 ? 2 * d : d)),
    }),
  },
  {
    title: 'a chain of sums, each of which may overwrite the last',
    build(g, v) {
      let sum = g.Add(v.a, v.b);
      for (let i = 0; i < 5; i++) sum = i % 2 ? g.Sub(sum, v.a) : g.Mul(sum, v.b);
      return { y: sum };
    },
    expected: () => ({ y: each((x, y) => (((x + y) * y - x) * y - x) * y) }),
  },
  {
    title: 'Relu of a difference, a product and a maximum',
    build: (g, v) => ({
      y: g.Relu(g.Sub(v.a, v.b)),
      z: g.Relu(g.Mul(v.a, v.b)),
      w: g.Relu(g.Max(v.a, v.b)),
    }),
    expected: () => ({
      y: each((x, y) => positive(x - y)),
      z: each((x, y) => positive(x * y)),
      w: each((x, y) => positive(Math.max(x, y))),
    }),
  },
  {
    title: 'a result that is a result under two names',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      return { y: g.Identity(sum), z: g.Identity(sum), w: sum };
    },
    expected: () => ({ y: each((x, y) => x + y), z: each((x, y) => x + y), w: each((x, y) => x + y) }),
  },
];

/** Operators that oneDNN's executor has no kernel for, between others that it has. */
const foreign: readonly Fusion[] = [
  {
    title: 'a run of operators without kernels between two with',
    build: (g, v) => ({ y: g.Relu(g.Sin(g.Neg(g.Add(v.a, v.b)))) }),
    expected: () => ({ y: each((x, y) => positive(Math.sin(-(x + y)))) }),
  },
  {
    title: 'two branches, one of each kind, that meet',
    build(g, v) {
      const left = g.Sin(v.a);
      const right = g.Relu(v.b);
      return { y: g.Add(left, right), z: g.Cos(g.Add(right, v.a)) };
    },
    expected: () => ({
      y: each((x, y) => Math.sin(x) + positive(y)),
      z: each((x, y) => Math.cos(positive(y) + x)),
    }),
  },
  {
    title: 'a value that is overwritten in place after a foreign operator read it',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      const wave = g.Sin(sum);
      const next = g.Add(sum, v.a);
      return { y: g.Mul(next, v.b), wave };
    },
    expected: () => ({
      y: each((x, y) => (2 * x + y) * y),
      wave: each((x, y) => Math.sin(x + y)),
    }),
  },
  {
    title: 'Concat, Split and Where',
    build(g, v) {
      const joined = g.Concat(v.a, g.Relu(v.b), { axis: 1 });
      const [first, second] = g.node('Split', [joined, g.int64s([10, 10])], { axis: 1 }, 2);
      return { y: g.Where(g.Greater(first, second), first, g.Relu(second)) };
    },
    expected: () => ({ y: each((x, y) => Math.max(x, positive(y))) }),
  },
  {
    title: 'foreign operators alone, and results of both kinds',
    build: (g, v) => ({ y: g.Sin(v.a), z: g.Add(v.a, v.b), w: g.Neg(g.Erf(g.Floor(v.b))) }),
    expected: () => ({
      y: each(Math.sin),
      z: each((x, y) => x + y),
      w: each((_, y) => -erf(Math.floor(y))),
    }),
  },
];

/** erf by its Taylor series: 40 terms are exact for the small integers here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const caseOf = ({ title, build, expected }: Fusion): ConformanceCase => ({
  title,
  inputs: { a, b },
  build,
  expected,
});

describeExecutors('values that nodes share', (executor) => {
  checkCases(executor, [...fusions, ...foreign].map(caseOf));
});

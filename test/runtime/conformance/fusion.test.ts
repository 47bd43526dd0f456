import { checkCases } from '../../support/conformance.ts';
import { caseOf, type ElementwiseCase, each, positive } from '../../support/elementwise-case.ts';
import { describeInference } from '../../support/executors.ts';

/** Sums, products and Relus that share values: what may be computed in one pass, in place, and what must not. */
const fusions: readonly ElementwiseCase[] = [
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

describeInference('values that nodes share', (executor) => {
  checkCases(executor, fusions.map(caseOf));
});

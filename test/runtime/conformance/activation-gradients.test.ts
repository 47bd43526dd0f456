import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { activations } from '../../support/reference/activations.ts';
import { map, referenceOf, zip } from '../../support/reference/array.ts';
import { normals } from '../../support/run-graph.ts';

interface Row {
  readonly title: string;
  readonly f: (x: number) => number;
  readonly build: (g: Builder, x: Value, dy: Value) => { readonly y: Value; readonly dx: Value };
}

const rows: readonly Row[] = [
  {
    title: 'SwishTraining, SwishGrad',
    f: activations.Swish,
    build: (g, x, dy) => ({ y: g.SwishTraining(x), dx: g.SwishGrad(dy, x) }),
  },
  {
    title: 'GeluTraining, GeluGrad',
    f: activations.Gelu,
    build: (g, x, dy) => ({ y: g.GeluTraining(x), dx: g.GeluGrad(dy, x) }),
  },
  {
    title: 'GeluGrad, by tanh',
    f: activations.GeluByTanh,
    build: (g, x, dy) => ({
      y: g.Gelu(x, { approximate: 'tanh' }),
      dx: g.GeluGrad(dy, x, { approximate: 'tanh' }),
    }),
  },
  {
    title: 'HardSwishGrad',
    f: activations.HardSwish,
    build: (g, x, dy) => ({ y: g.HardSwish(x), dx: g.HardSwishGrad(dy, x) }),
  },
  {
    title: 'MishGrad',
    f: activations.Mish,
    build: (g, x, dy) => ({ y: g.Mish(x), dx: g.MishGrad(dy, x) }),
  },
  {
    title: 'LeakyReluGrad',
    f: activations.LeakyRelu,
    build: (g, x, dy) => ({ y: g.LeakyRelu(x), dx: g.LeakyReluGrad(dy, x) }),
  },
  {
    title: 'SigmoidGrad',
    f: activations.Sigmoid,
    build(g, x, dy) {
      const y = g.Sigmoid(x);
      return { y, dx: g.SigmoidGrad(dy, y) };
    },
  },
  {
    title: 'TanhGrad',
    f: activations.Tanh,
    build(g, x, dy) {
      const y = g.Tanh(x);
      return { y, dx: g.TanhGrad(dy, y) };
    },
  },
];

const STEP = 1e-5;
const shape = [2, 10, 3, 4];

/** f, and its gradient by central differences in float64, on channels that fill no block. */
function gradientCase({ title, f, build }: Row): ConformanceCase<'x' | 'dy'> {
  const [x, dy] = [normals(shape, 1, 2), normals(shape, 2)];
  return {
    title,
    inputs: { x, dy },
    tolerance: 3e-5,
    opset: 20,
    build: (g, v) => build(g, blocked(g, v.x), v.dy),
    expected() {
      const slope = (at: number) => (f(at + STEP) - f(at - STEP)) / (2 * STEP);
      const dx = zip(referenceOf(dy), map(referenceOf(x), slope), (d, s) => d * s);
      return { y: map(referenceOf(x), f), dx };
    },
  };
}

describeExecutors('gradients of activations', (executor) => {
  checkCases(executor, rows.map(gradientCase));
});

import { staticShape, type Value } from '../../../graph/graph.ts';
import type { OperatorCall } from '../../../graph/operators/call.ts';
import { reducedAxes } from '../../../graph/reduced-axes.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { LoweringScope } from '../compile/scope.ts';
import { argMax, reduceTo } from '../host/small-tensors.ts';
import type { Kernels } from './kernel.ts';
import { isNothing } from './matrix.ts';

/** Number of elements above which JavaScript is too slow. */
const MOST_ELEMENTS_ON_HOST = 2 ** 16;

const isSmall = (...values: Value[]): boolean =>
  values.every((value) => elementCount(staticShape(value)) <= MOST_ELEMENTS_ON_HOST);

/** Operators on tensors that are too small for a native kernel, or of types that oneDNN lacks: computed in JavaScript. */
export const smallTensorKernels = {
  ArgMax({ inputs: { x }, outputs: [y], attributes }, scope) {
    const shape = staticShape(x);
    const classes = shape.at(-1);
    const last = attributes.axis === shape.length - 1 || attributes.axis === -1;
    if (
      !last ||
      classes === undefined ||
      !isSmall(x) ||
      attributes.select_last_index ||
      x.dtype !== 'float32'
    )
      return false;
    scope.host({
      label: 'ArgMax',
      reads: [scope.readPlain(x)],
      writes: [scope.write(y)],
      compute: ([from], [to]) => argMax(from as Float32Array, to as BigInt64Array, classes),
    });
    return true;
  },
  Equal({ inputs: { a, b }, outputs: [y] }, scope) {
    const equalShapes = staticShape(a).join() === staticShape(b).join();
    if (!equalShapes || !isSmall(a, b)) return false;
    scope.host({
      label: 'Equal',
      reads: [scope.readPlain(a), scope.readPlain(b)],
      writes: [scope.write(y)],
      compute: ([left, right], [to]) => {
        for (let i = 0; i < to.length; i++) to[i] = Number(left[i] === right[i]);
      },
    });
    return true;
  },
  Cast({ inputs: { x }, outputs: [y] }, scope) {
    if (y.dtype !== 'float32' || !isSmall(x) || x.dtype === 'float16') return false;
    scope.host({
      label: 'Cast',
      reads: [scope.readPlain(x)],
      writes: [scope.write(y)],
      compute: ([from], [to]) => {
        for (let i = 0; i < to.length; i++) to[i] = Number(from[i]);
      },
    });
    return true;
  },
  ReduceMax: (call, scope) => reduce(call, scope, { start: Number.NEGATIVE_INFINITY, fold: Math.max }),
  ReduceMin: (call, scope) => reduce(call, scope, { start: Number.POSITIVE_INFINITY, fold: Math.min }),
} satisfies Kernels;

function reduce(
  { inputs, outputs: [y], attributes }: OperatorCall<'ReduceMax' | 'ReduceMin'>,
  scope: LoweringScope,
  { start, fold }: { start: number; fold: (total: number, element: number) => number },
): boolean {
  const { x } = inputs;
  const shape = staticShape(x);
  const axes = reducedAxes(attributes, inputs.axes, shape.length);
  if (!axes || isNothing(axes, shape) || !isSmall(x) || x.dtype !== 'float32') return false;
  scope.host({
    label: 'reduction',
    reads: [scope.readPlain(x)],
    writes: [scope.write(y)],
    compute: ([from], [to]) =>
      reduceTo(from as Float32Array, to as Float32Array, { shape, axes, start, fold }),
  });
  return true;
}

import { blocked } from '../../support/blocked.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { map, type Reference, referenceOf, zip } from '../../support/reference/array.ts';
import { sumOver } from '../../support/reference/matrix.ts';
import { normals } from '../../support/run-graph.ts';

/** p = eˣ/Σeˣ. */
function probabilities(x: Reference, axis: number): Reference {
  const powers = map(x, Math.exp);
  return zip(powers, sumOver(powers, [axis]), (power, sum) => power / sum);
}

/** ∂L/∂x = p·(dy − Σ dy·p) for y = p, and dy − p·Σ dy for y = log p. */
function softmax(shape: readonly number[], axis: number): ConformanceCase<'x' | 'dy'> {
  const [x, dy] = [normals(shape, 1, 2), normals(shape, 2)];
  return {
    title: `Softmax of [${shape}] along axis ${axis}, its logarithm and gradients`,
    inputs: { x, dy },
    build(g, v) {
      const [y, log] = [g.Softmax(blocked(g, v.x), { axis }), g.LogSoftmax(v.x, { axis })];
      return {
        y,
        log,
        dx: g.SoftmaxGrad(v.dy, y, { axis }),
        dlog: g.SoftmaxGrad(v.dy, log, { axis, log: 1 }),
      };
    },
    expected() {
      const y = probabilities(referenceOf(x), axis);
      const given = referenceOf(dy);
      const weighted = zip(given, y, (d, p) => d * p);
      const centred = zip(given, sumOver(weighted, [axis]), (d, sum) => d - sum);
      const share = zip(y, sumOver(given, [axis]), (p, sum) => p * sum);
      return {
        y,
        log: map(y, Math.log),
        dx: zip(y, centred, (p, c) => p * c),
        dlog: zip(given, share, (d, s) => d - s),
      };
    },
  };
}

describeExecutors('softmaxes', (executor) => {
  checkCases(executor, [
    softmax([2, 10, 3, 4], 1),
    softmax([2, 16, 3, 4], 1),
    softmax([2, 3, 5, 7], 1),
    softmax([2, 3, 5, 7], 3),
    softmax([2, 20, 7], 2),
    softmax([2, 20, 7], 0),
  ]);
});

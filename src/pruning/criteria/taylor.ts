import { gradients } from '../../autodiff/index.ts';
import { type ProbeScope, probe, requireCalibration } from '../../calibration/probe.ts';
import { EspalierError } from '../../errors.ts';
import type { Value } from '../../graph/graph.ts';
import { asRows, logitsOf } from '../../training/forward.ts';
import type { Criterion, LayerScores, ScoredLayer } from './criterion.ts';
import type { Slices } from './slices.ts';

/**
 * (Σ w·∂L/∂w)² over the weights of a filter: the squared change of the loss, to first order, if the filter were zero. L is
 * the mean cross-entropy of a calibration batch; scores are means over batches. Normalisations stay as in inference, so that
 * the change is that of the network as it is used.
 */
export const taylor: Criterion = {
  name: 'taylor',
  paper: 'Molchanov et al., Importance Estimation for Neural Network Pruning, CVPR 2019, arXiv:1906.10771',
  needs: 'labels',
  sides: ['filters'],
  async score({ layers, graph, executor, ...scoring }) {
    const calibration = requireCalibration(scoring.calibration, 'taylor');
    if (!calibration.labelled) throw withoutLabels();
    const scored = layers.filter(hasFilters);
    const sums = scored.map(({ layer }) => new Float64Array(layer.count));
    await probe(
      graph,
      { calibration, executor },
      {
        append(scope) {
          const found = logitsOf(graph, { classes: calibration.classes });
          const logits = asRows(scope.g, scope.copyOf(found));
          const [loss] = scope.g.SoftmaxCrossEntropy(logits, scope.labels());
          const weights = scored.map(({ layer }) => scope.copyOf(layer.node.inputs[1]!));
          const computed = gradients(scope.g, loss, weights);
          scored.forEach(({ filters }, i) => {
            const change = changeOf(scope, filters, [weights[i]!, computed[i]!]);
            scope.g.output(change, `change.${i}`);
          });
        },
        onResult(results) {
          for (const [i, sum] of sums.entries()) {
            const changes = results[`change.${i}`]!.data as Float32Array;
            for (let m = 0; m < sum.length; m++) sum[m]! += changes[m]! ** 2 / calibration.batches.length;
          }
        },
      },
    );
    const results = new Map(
      layers.map(({ layer, filters }): [typeof layer, LayerScores] => [layer, { reason: String(filters) }]),
    );
    scored.forEach(({ layer }, i) => results.set(layer, { scores: sums[i]! }));
    return results;
  },
};

const withoutLabels = () =>
  new EspalierError('usage', 'taylor needs images by class: expected one folder per class in `data`');

const hasFilters = (scored: ScoredLayer): scored is ScoredLayer & { readonly filters: Slices } =>
  typeof scored.filters !== 'string';

/** Σ w·g of each filter [M]. */
function changeOf({ g }: ProbeScope, slices: Slices, [weight, gradient]: readonly [Value, Value]): Value {
  const { outer, size, inner, groups } = slices;
  const parts = g.Reshape(g.Mul(weight, gradient), g.int64s([groups, outer / groups, size, inner]));
  return g.Reshape(g.ReduceSum(parts, g.int64s([1, 3]), { keepdims: 0 }), g.int64s([groups * size]));
}

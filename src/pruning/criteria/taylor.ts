import { gradients } from '../../autodiff/index.ts';
import { type ProbeScope, probe, requireCalibration } from '../../calibration/probe.ts';
import { EspalierError } from '../../errors.ts';
import { isRefusal } from '../../graph/edit/refused.ts';
import { requiredInput, type Value } from '../../graph/graph.ts';
import { addTo } from '../../numeric/statistics.ts';
import { float32Data } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { asRows, logitsOf } from '../../training/tasks/logits.ts';
import type { Criterion, LayerScores, ScoredLayer } from './criterion.ts';
import type { Slices } from './slices.ts';

/**
 * (Σ w·∂L/∂w)² over the weights of a filter: to first order, the squared change of the loss if the filter were zero. L is the
 * mean cross-entropy of a calibration batch; scores are means over batches. Normalisations are in inference mode, so the
 * change is that of the network in use.
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
    const results = new Map(
      layers.flatMap(({ layer, filters }): [typeof layer, LayerScores][] =>
        isRefusal(filters) ? [[layer, filters]] : [],
      ),
    );
    await probe(
      graph,
      { calibration, executor },
      {
        append(scope) {
          const found = logitsOf(graph, { classes: calibration.classes });
          const logits = asRows(scope.g, scope.copyOf(found));
          const [loss] = scope.g.SoftmaxCrossEntropy(logits, scope.labels());
          const weights = scored.map(({ layer }) => scope.copyOf(requiredInput(layer.node, 1)));
          const computed = gradients(scope.g, loss, weights);
          for (const [{ layer, filters }, weight, gradient] of zip(scored, weights, computed)) {
            const scores = new Float64Array(layer.count);
            results.set(layer, { scores });
            scope.watch(changeOf(scope, filters, [weight, gradient]), (changes) => {
              const squares = float32Data(changes).map((change) => change ** 2);
              addTo(scores, squares, calibration.batches.length);
            });
          }
        },
      },
    );
    return results;
  },
};

const withoutLabels = () =>
  new EspalierError('usage', 'taylor needs images by class: expected one folder per class in `data`');

const hasFilters = (scored: ScoredLayer): scored is ScoredLayer & { readonly filters: Slices } =>
  !isRefusal(scored.filters);

/** Σ w·g of each filter [M]. */
function changeOf({ g }: ProbeScope, slices: Slices, [weight, gradient]: readonly [Value, Value]): Value {
  const { outer, size, inner, groups } = slices;
  const parts = g.Reshape(g.Mul(weight, gradient), g.int64s([groups, outer / groups, size, inner]));
  return g.Reshape(g.ReduceSum(parts, g.int64s([1, 3]), { keepdims: 0 }), g.int64s([groups * size]));
}

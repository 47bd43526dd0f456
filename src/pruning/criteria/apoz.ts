import { probe, requireCalibration } from '../../calibration/probe.ts';
import { type Refusal, refuse } from '../../graph/edit/refused.ts';
import { staticShape } from '../../graph/graph.ts';
import { addTo } from '../../numeric/statistics.ts';
import { float32Data } from '../../numeric/tensor.ts';
import type { Criterion } from './criterion.ts';
import { type FeatureMap, featureMaps, usable } from './feature-maps.ts';

/**
 * 1 − Average Percentage of Zeros of a channel's activations over images and positions: channels that are zero most often are
 * removed first. It ranks channels; it does not detect channels that are always zero.
 */
export const apoz: Criterion = {
  name: 'apoz',
  paper: 'Hu et al., Network Trimming, 2016, arXiv:1607.03250',
  needs: 'images',
  sides: ['filters'],
  async score(scoring) {
    const calibration = requireCalibration(scoring.calibration, 'apoz');
    const { good, results } = usable(featureMaps(scoring), obstacle);
    if (good.length > 0) {
      await probe(
        scoring.graph,
        { calibration, executor: scoring.executor },
        {
          append({ g, copyOf, watch }) {
            for (const { layer, value, axis } of good) {
              const scores = new Float64Array(layer.count);
              results.set(layer, { scores });
              const map = copyOf(value);
              const others = staticShape(map).flatMap((_, other) => (other === axis ? [] : [other]));
              // Activations are never negative, so their sign is 0 at zeros and 1 elsewhere.
              const alive = g.ReduceMean(g.Sign(map), g.int64s(others), { keepdims: 0 });
              watch(alive, (part) => addTo(scores, float32Data(part), calibration.batches.length));
            }
          },
        },
      );
    }
    return results;
  },
};

function obstacle({ activation, least, readers }: FeatureMap): Refusal | null {
  if (activation === null)
    return refuse('unsupported', `expected an activation after it that outputs zeros, found ${readers}`);
  const expected = 'expected an activation after it that outputs zeros (Relu, Clip at 0)';
  return least === 0 ? null : refuse('unsupported', `${expected}, found ${activation}`);
}

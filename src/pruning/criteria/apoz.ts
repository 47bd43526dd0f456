import { probe, requireCalibration } from '../../calibration/probe.ts';
import type { Criterion } from './criterion.ts';
import { type FeatureMap, featureMaps, usable } from './feature-maps.ts';

/**
 * 1 − the fraction of zeros behind the activation (Average Percentage of Zeros), over images and positions: the channels
 * that are zero most often go first. A ranking, no test for channels that never fire.
 */
export const apoz: Criterion = {
  name: 'apoz',
  paper: 'Hu et al., Network Trimming, 2016, arXiv:1607.03250',
  needs: 'images',
  sides: ['filters'],
  async score(scoring) {
    const calibration = requireCalibration(scoring.calibration, 'apoz');
    const { good, results } = usable(featureMaps(scoring), obstacle);
    const sums = good.map(({ layer }) => new Float64Array(layer.count));
    if (good.length > 0) {
      await probe(
        scoring.graph,
        { calibration, executor: scoring.executor },
        {
          append({ g, copyOf }) {
            for (const [i, { value, axis }] of good.entries()) {
              const others = value.shape!.flatMap((_, other) => (other === axis ? [] : [other]));
              // The activation gives nothing below 0, so that the sign is 0 at zeros and 1 elsewhere.
              const alive = g.ReduceMean(g.Sign(copyOf(value)), g.int64s(others), { keepdims: 0 });
              g.output(alive, `alive.${i}`);
            }
          },
          onResult(seen) {
            for (const [i, sum] of sums.entries()) {
              const alive = seen[`alive.${i}`]!.data as Float32Array;
              for (let c = 0; c < sum.length; c++) sum[c]! += alive[c]! / calibration.batches.length;
            }
          },
        },
      );
    }
    good.forEach(({ layer }, i) => results.set(layer, { scores: sums[i]! }));
    return results;
  },
};

function obstacle({ activation, least, readers }: FeatureMap): string | null {
  if (activation === null) return `expected an activation after it that outputs zeros, found ${readers}`;
  return least === 0
    ? null
    : `expected an activation after it that outputs zeros (Relu, Clip at 0), found ${activation}`;
}

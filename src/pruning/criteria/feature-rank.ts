import { type Probe, probe, requireCalibration } from '../../calibration/probe.ts';
import type { Tensors } from '../../runtime/executor.ts';
import { belowOne, type Criterion, type Scoring } from './criterion.ts';
import { type FeatureMap, featureMaps, usable } from './feature-maps.ts';
import { l1Norms } from './norms.ts';
import { numericalRank } from './numerical-rank.ts';

/**
 * The mean numerical rank of a channel's H×W map behind the activation, over images. The ranks of a few images tell as
 * much as those of many, as the paper found. Equal ranks, among them those of all maps up to 2×2, are ordered by Σ|F|.
 */
export const featureRank: Criterion = {
  name: 'feature-rank',
  paper: 'Lin et al., HRank: Filter Pruning using High-Rank Feature Map, CVPR 2020, arXiv:2002.10179',
  needs: 'images',
  sides: ['filters'],
  async score(scoring) {
    const calibration = requireCalibration(scoring.calibration, 'feature-rank');
    const { good, results } = usable(featureMaps(scoring), obstacle);
    const ranks = good.map(({ layer }) => new Float64Array(layer.count));
    const images = largestDivisor(calibration.batch, AT_ONCE);
    const runs = Math.ceil(IMAGES / images / calibration.batches.length);
    let seen = 0;
    if (good.length > 0) {
      await probe(
        scoring.graph,
        { calibration, executor: scoring.executor },
        {
          images,
          runs,
          append: (scope) => appendMaps(good, scope),
          onResult(maps) {
            good.forEach((map, i) => addRanks(ranks[i]!, map, maps));
            seen += images;
          },
        },
      );
    }
    const norms = normsByLayer(scoring);
    good.forEach(({ layer }, i) => {
      const ties = belowOne(norms.get(layer) ?? new Float64Array(layer.count));
      results.set(layer, { scores: ranks[i]!.map((sum, c) => (sum + ties[c]!) / seen) });
    });
    return results;
  },
};

/** Images whose maps are in memory at once, and images in all. */
const AT_ONCE = 4;
const IMAGES = 32;

function largestDivisor(batch: number, most: number): number {
  for (let size = most; size > 1; size--) if (batch % size === 0) return size;
  return 1;
}

function obstacle({ value, axis }: FeatureMap): string | null {
  return value.shape?.length === 4 && axis === 1
    ? null
    : `expected feature maps [N, C, H, W], found ${value.shape?.length ?? 'an unknown number of'} dimensions`;
}

/** Sums of residual branches are the maps of several layers, and leave the graph once. */
function appendMaps(maps: readonly FeatureMap[], { g, copyOf }: Parameters<Probe['append']>[0]): void {
  for (const value of new Set(maps.map((map) => map.value))) g.output(copyOf(value));
}

function addRanks(sums: Float64Array, { value }: FeatureMap, results: Tensors): void {
  const { shape, data } = results[value.name]!;
  const [images = 0, channels = 0, height = 0, width = 0] = shape;
  if (height <= 2 && width <= 2) return;
  const plane = height * width;
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      const at = (n * channels + c) * plane;
      sums[c]! += numericalRank((data as Float32Array).subarray(at, at + plane), width);
    }
  }
}

function normsByLayer({ layers }: Scoring) {
  return new Map(
    layers.flatMap(({ layer, filters }) =>
      typeof filters === 'string' ? [] : [[layer, l1Norms(filters)] as const],
    ),
  );
}

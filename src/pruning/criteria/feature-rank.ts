import { type Probe, probe, requireCalibration } from '../../calibration/probe.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { float32Data, type Tensor } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import { belowOne, type Criterion, type Scoring } from './criterion.ts';
import { type FeatureMap, featureMaps, usable } from './feature-maps.ts';
import { l1Norms } from './norms.ts';
import { numericalRank } from './numerical-rank.ts';

/**
 * The mean numerical rank of a channel's H×W feature map after the activation, over images. According to the paper, a few
 * images are sufficient. Equal ranks, such as those of all maps up to 2×2, are ordered by Σ|F|.
 */
export const featureRank: Criterion = {
  name: 'feature-rank',
  paper: 'Lin et al., HRank: Filter Pruning using High-Rank Feature Map, CVPR 2020, arXiv:2002.10179',
  needs: 'images',
  sides: ['filters'],
  async score(scoring) {
    const calibration = requireCalibration(scoring.calibration, 'feature-rank');
    const { good, results } = usable(featureMaps(scoring), obstacle);
    const images = largestDivisor(calibration.batch, AT_ONCE);
    const runs = Math.ceil(IMAGES / images / calibration.batches.length);
    const ranked = good.map((map) => ({ map, sums: new Float64Array(map.layer.count), seen: 0 }));
    const append: Probe['append'] = ({ copyOf, watch }) => {
      for (const entry of ranked)
        watch(copyOf(entry.map.value), (maps) => {
          addRanks(entry.sums, maps);
          entry.seen += images;
        });
    };
    const { graph, executor } = scoring;
    if (good.length > 0) await probe(graph, { calibration, executor }, { images, runs, append });
    const norms = normsByLayer(scoring);
    for (const { map, sums, seen } of ranked) {
      const ties = belowOne(norms.get(map.layer) ?? new Float64Array(map.layer.count));
      const scores = Float64Array.from(zip(sums, ties), ([sum, tie]) => (sum + tie) / seen);
      results.set(map.layer, { scores });
    }
    return results;
  },
};

/** Images whose maps are in memory at the same time, and images in total. */
const AT_ONCE = 4;
const IMAGES = 32;

function largestDivisor(batch: number, most: number): number {
  for (let size = most; size > 1; size--) if (batch % size === 0) return size;
  return 1;
}

function obstacle({ value, axis }: FeatureMap): Refusal | null {
  if (value.shape?.length === 4 && axis === 1) return null;
  const rank = value.shape?.length ?? 'an unknown number of';
  return refuse('unsupported', `expected feature maps [N, C, H, W], found ${rank} dimensions`);
}

function addRanks(sums: Float64Array, maps: Tensor): void {
  const { shape } = maps;
  const data = float32Data(maps);
  const [images = 0, channels = 0, height = 0, width = 0] = shape;
  if (height <= 2 && width <= 2) return;
  const plane = height * width;
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      const at = (n * channels + c) * plane;
      sums[c]! += numericalRank(data.subarray(at, at + plane), width);
    }
  }
}

function normsByLayer({ layers }: Scoring) {
  return new Map(
    layers.flatMap(({ layer, filters }) => (isRefusal(filters) ? [] : [[layer, l1Norms(filters)] as const])),
  );
}

import { openCalibration } from '../../calibration/calibration.ts';
import { type Comparison, openComparison } from '../../calibration/comparison.ts';
import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { PruningData } from './job.ts';
import type { PruningSettings } from './settings.ts';

/** Prepares the images of a data set, including those for criteria and recovery. */
export async function openPruningData(
  set: DataSet,
  preprocessing: Preprocessing,
  { calibrationImages: images, seed }: Pick<PruningSettings, 'calibrationImages' | 'seed'>,
): Promise<PruningData> {
  return {
    set,
    preprocessing,
    calibration: await openCalibration(set.train, { preprocessing, images, seed }),
  };
}

/** Number of test images on which networks are compared. */
const COMPARED_IMAGES = 256;

interface ComparisonSettings {
  readonly executor: Executor;
  readonly settings: Pick<PruningSettings, 'seed' | 'outputs'>;
}

/** Compares networks with an original by their outputs on test images; opened at its first use. */
export function comparisonOnTestImages(
  original: Graph,
  { set, preprocessing }: PruningData,
  { executor, settings: { seed, outputs } }: ComparisonSettings,
): () => Promise<Comparison> {
  let opened: Promise<Comparison> | null = null;
  const open = async () => {
    const images = await openCalibration(set.test, { preprocessing, images: COMPARED_IMAGES, seed });
    return openComparison(original, { calibration: { ...images, labelled: false }, executor, outputs });
  };
  return () => {
    opened ??= open();
    return opened;
  };
}

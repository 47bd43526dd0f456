import { openCalibration } from '../../calibration/calibration.ts';
import { type Comparison, openComparison } from '../../calibration/comparison.ts';
import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { PruningData } from './job.ts';
import type { PruningSettings } from './settings.ts';

/** A data set with its preprocessing. */
export interface PruningImages {
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
}

interface PruningDataOptions {
  /** The network that others are compared with. */
  readonly original: Graph;
  readonly executor: Executor;
  readonly settings: Pick<PruningSettings, 'calibrationImages' | 'seed' | 'outputs'>;
}

/** Prepares the images of a data set, including those for criteria and recovery. */
export async function openPruningData(
  { data: set, preprocessing }: PruningImages,
  { original, executor, settings }: PruningDataOptions,
): Promise<PruningData> {
  const { calibrationImages: images, seed } = settings;
  return {
    set,
    preprocessing,
    calibration: await openCalibration(set.train, { preprocessing, images, seed }),
    comparison: comparisonOnTestImages(original, { set, preprocessing }, { executor, settings }),
  };
}

/** Number of test images on which networks are compared. */
const COMPARED_IMAGES = 256;

function comparisonOnTestImages(
  original: Graph,
  { set, preprocessing }: Pick<PruningData, 'set' | 'preprocessing'>,
  { executor, settings: { seed, outputs } }: Pick<PruningDataOptions, 'executor' | 'settings'>,
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

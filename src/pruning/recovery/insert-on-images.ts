import { openCalibration } from '../../calibration/calibration.ts';
import type { ImageSource } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import { foldBatchNormalization, verifyEquivalent } from '../../rewrite/index.ts';
import type { Executor } from '../../runtime/executor.ts';
import { insertBatchNormalization } from './insert-batch-normalization.ts';

interface InsertingOptions {
  readonly images: ImageSource;
  readonly preprocessing: Preprocessing;
  readonly executor: Executor;
  readonly seed: number;
  onNote?(line: string): void;
}

/** Like {@link insertBatchNormalization}, on randomly chosen images (by seed). */
export async function insertOnImages(
  network: Graph,
  { images, preprocessing, executor, seed, onNote }: InsertingOptions,
): Promise<Graph> {
  const calibration = await openCalibration(images, { preprocessing, seed });
  const { graph, inserted } = await insertBatchNormalization(network, { calibration, executor });
  onNote?.(`inserted BatchNormalization after ${inserted} convolutions`);
  return graph;
}

/** Folds BatchNormalization that was inserted for training. Throws `verification` if the result computes something else. */
export async function foldInserted(network: Graph, executor: Executor): Promise<Graph> {
  const { graph } = foldBatchNormalization(network);
  await verifyEquivalent(network, graph, { executor });
  return graph;
}

import type { ImageSource } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { Context } from '../command.ts';

interface Inserting {
  readonly images: ImageSource;
  readonly preprocessing: Preprocessing;
  readonly executor: Executor;
  readonly seed: number;
}

/** The network with BatchNormalization behind every convolution that has none, computing the same on these images. */
export async function withBatchNormalization(
  network: Graph,
  { images, preprocessing, executor, seed }: Inserting,
  context: Context,
): Promise<Graph> {
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const { insertBatchNormalization } = await import('../../pruning/recovery/insert-batch-normalization.ts');
  const calibration = await openCalibration(images, { preprocessing, seed });
  const { graph, inserted } = await insertBatchNormalization(network, { calibration, executor });
  context.note(`inserted BatchNormalization after ${inserted} convolutions`);
  return graph;
}

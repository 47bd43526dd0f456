import type { Graph } from '../graph/graph.ts';
import { withOthersFed } from '../measure/beside-image.ts';
import { bindImages } from '../measure/bind-shapes.ts';
import { asImageNetwork, expectImagesFit } from '../measure/classifier.ts';
import type { TrainOptions } from './options.ts';
import { taskOf } from './tasks/index.ts';
import { openTrainingStep, type TrainingStep } from './training-step.ts';

/** Compiles the training step of a network for the batches of a run. Throws `shape` if the images do not fit the network. */
export async function openStep(network: Graph, options: TrainOptions): Promise<TrainingStep> {
  const { height, width, count } = options.data.train;
  const size = { height, width };
  const { graph, image } = asImageNetwork(withOthersFed(network, { size }));
  expectImagesFit(image, options.data.train);
  const fixed = bindImages(graph, { batch: Math.min(options.batch, count), size });
  const { controller, executor, trainer = executor } = options;
  const extensions = controller?.extensions ?? [];
  return openTrainingStep(fixed, { ...options, task: taskOf(options), executor: trainer, extensions });
}

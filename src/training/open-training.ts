import { expectPreprocessing, storePreprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import type { Graph } from '../graph/graph.ts';
import { withOthersFed } from '../measure/beside-image.ts';
import { chooseExecutor } from '../runtime/choose.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { trainingDefaults } from './defaults.ts';
import type { TrainOptions } from './options.ts';
import { prepareNetwork } from './prepare.ts';
import { type DistillationOptions, distillation } from './tasks/distillation/distillation.ts';
import { taskOf } from './tasks/index.ts';

/** How a network learns the outputs of a teacher; default: of itself as it is given, before a cut. */
export type Distilling = Pick<DistillationOptions, 'temperature' | 'losses' | 'onNote'> &
  Partial<Pick<DistillationOptions, 'teacher'>>;

/** The options of training, of which images and epochs alone are needed. */
export interface TrainingOptions
  extends Pick<TrainOptions, 'data' | 'epochs'>,
    Partial<Omit<TrainOptions, 'data' | 'epochs' | 'network' | 'controller'>> {
  /** Trains the outputs of another network, in place of `task`. */
  readonly distill?: Distilling | undefined;
}

/**
 * All options of training a network, which is brought into the form that training takes. Preprocessing is by default what the
 * network stores; the training step runs in oneDNN where its library is found and no executor is given. Throws `usage` where
 * the network stores no preprocessing and none is given.
 */
export async function openTraining(given: Graph, options: TrainingOptions): Promise<TrainOptions> {
  const { executor = await defaultExecutor(), data, distill, run = null } = options;
  const { trainer = options.executor ?? (await chooseExecutor()).executor } = options;
  const preprocessing = expectPreprocessing(given, data.train, options.preprocessing);
  const form = await prepareNetwork(given, executor);
  const prepared = distill ? form : (taskOf(options).accept?.(form) ?? form);
  // What looks at sizes that the network leaves open finds those of the images.
  storePreprocessing(prepared, preprocessing);
  const network = withOthersFed(prepared, { size: preprocessing });
  const settings = { ...options, ...trainingDefaults, ...defined(options) };
  const { batch } = settings;
  const task = distill
    ? await distillation(network, { teacher: given, ...distill, data, preprocessing, executor, batch })
    : taskOf(options);
  return { ...settings, executor, trainer, preprocessing, network, task, run };
}

import { expectPreprocessing, storePreprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import type { Graph } from '../graph/graph.ts';
import { withOthersFed } from '../measure/beside-image.ts';
import { chooseExecutor } from '../runtime/choose.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { trainingDefaults } from './defaults.ts';
import type { TrainOptions } from './options.ts';
import { prepareNetwork } from './prepare.ts';
import { taskOf } from './tasks/index.ts';

/** The options of training, of which images and epochs alone are needed. */
export interface TrainingOptions
  extends Pick<TrainOptions, 'data' | 'epochs'>,
    Partial<Omit<TrainOptions, 'data' | 'epochs' | 'network' | 'controller'>> {}

/**
 * All options of training a network, which is brought into the form that training takes. Preprocessing is by default what the
 * network stores; the training step runs in oneDNN where its library is found and no executor is given. Throws `usage` where
 * the network stores no preprocessing and none is given.
 */
export async function openTraining(given: Graph, options: TrainingOptions): Promise<TrainOptions> {
  const { executor = await defaultExecutor(), data, run = null } = options;
  const { trainer = options.executor ?? (await chooseExecutor()).executor } = options;
  const preprocessing = expectPreprocessing(given, data.train, options.preprocessing);
  const task = taskOf(options);
  const form = await prepareNetwork(given, executor);
  const prepared = task.accept?.(form) ?? form;
  // What looks at sizes that the network leaves open finds those of the images.
  storePreprocessing(prepared, preprocessing);
  const network = withOthersFed(prepared, { size: preprocessing });
  const settings = { ...options, ...trainingDefaults, ...defined(options) };
  return { ...settings, executor, trainer, preprocessing, network, run };
}

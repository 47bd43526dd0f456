import { expectPreprocessing, storePreprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { withOthersFed } from '../measure/beside-image.ts';
import { chooseExecutor } from '../runtime/choose.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { checkTraining } from './check-options.ts';
import { trainingDefaults } from './defaults.ts';
import type { TrainOptions } from './options.ts';
import { fixedValues, trainableParameters } from './parameters.ts';
import { prepareNetwork } from './prepare.ts';
import { type DistillationOptions, distillation } from './tasks/distillation/distillation.ts';
import { augmentationOf, taskOf } from './tasks/index.ts';
import { mixed } from './tasks/mixed.ts';
import type { TrainingTask } from './tasks/task.ts';

/** Options of distillation. The teacher is by default the given network itself, before a cut. */
export interface Distilling
  extends Pick<DistillationOptions, 'temperature' | 'losses' | 'featureWeight' | 'cache' | 'onNote'>,
    Partial<Pick<DistillationOptions, 'teacher'>> {
  /** a of the loss a·L + (1 − a)·(the loss of distillation), with L of `task` or else of classification. Default 0. */
  readonly labelWeight?: number | undefined;
}

/** Options of training. Only images and epochs are required. */
export interface TrainingOptions
  extends Pick<TrainOptions, 'data' | 'epochs'>,
    Partial<Omit<TrainOptions, 'data' | 'epochs' | 'network' | 'controller'>> {
  /** Trains on the outputs of another network, instead of `task` or beside it. */
  readonly distill?: Distilling | undefined;
}

/**
 * Completes the options of training with defaults, and converts the network to the form for training ({@link
 * prepareNetwork}). Preprocessing defaults to what the network stores. Without an executor, the training step runs in oneDNN
 * if the library is installed, else in onnxruntime. Throws `usage` if an option is invalid, if preprocessing is neither stored nor given, or if no
 * parameter would be trained.
 */
export async function openTraining(given: Graph, options: TrainingOptions): Promise<TrainOptions> {
  checkTraining(options);
  const { executor = await defaultExecutor(), data, distill, run = null } = options;
  const { trainer = options.executor ?? (await chooseExecutor()).executor } = options;
  const preprocessing = expectPreprocessing(given, data.train, options.preprocessing);
  const form = await prepareNetwork(given, executor);
  const { labelWeight = 0 } = distill ?? {};
  const own = taskOf(options);
  const prepared = distill && labelWeight === 0 ? form : (own.accept?.(form) ?? form);
  // Passes that need a size which the network leaves open then use the size of the images.
  storePreprocessing(prepared, preprocessing);
  const network = withOthersFed(prepared, { size: preprocessing });
  const settings = { ...options, ...trainingDefaults, ...defined(options) };
  const { batch } = settings;
  const settled = { data, preprocessing, executor, batch };
  const learned = distill && (await distillation(network, { teacher: given, ...distill, ...settled }));
  const task = !learned ? own : labelWeight === 0 ? learned : mixed(labelWeight, own, learned);
  expectParameters(network, task);
  if (distill?.cache !== undefined) expectNoAugmentation({ ...settings, task });
  return { ...settings, executor, trainer, preprocessing, network, task, run };
}

function expectNoAugmentation(options: Pick<TrainOptions, 'augmentation' | 'task' | 'data'>): void {
  if ([augmentationOf(options)].flat().every((augmentation) => augmentation === 'none')) return;
  const message = '`cacheTeacher` needs `augmentation` none: augmented images differ in every epoch';
  throw new EspalierError('usage', message);
}

function expectParameters(network: Graph, task: TrainingTask): void {
  const outputs = task.reads(network);
  if (trainableParameters(network, { outputs }).length > 0) return;
  const fixed = fixedValues(network, { outputs }).map(({ value, reason }) => `${value.name} ${reason}`);
  const found = ['none to train', ...fixed.slice(0, SHOWN_VALUES)].join('; ');
  const message = `expected parameters on which the outputs depend, found ${found}`;
  throw new EspalierError('usage', message, { where: network.name });
}

/** Number of fixed values that a message names. */
const SHOWN_VALUES = 4;

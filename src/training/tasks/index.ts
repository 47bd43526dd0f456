import { type AugmentationSetting, mixesImages } from '../../data/augmentations/index.ts';
import type { TrainOptions } from '../options.ts';
import { classification } from './classification.ts';
import type { TrainingTask } from './task.ts';

type TaskOptions = Pick<TrainOptions, 'task' | 'data' | 'logits' | 'labelSmoothing' | 'augmentation'>;

/** The given task, or classification by the labels of the data. */
export function taskOf({
  task,
  data,
  logits,
  labelSmoothing,
  augmentation = 'none',
}: TaskOptions): TrainingTask {
  const classes = data.train.classes.length;
  return task ?? classification({ classes, logits, labelSmoothing, mixes: mixesImages(augmentation) });
}

/** The given augmentation, or that of the task. */
export const augmentationOf = (options: TaskOptions): AugmentationSetting =>
  options.augmentation ?? taskOf(options).augmentation ?? 'none';

import type { TrainOptions } from '../options.ts';
import { classification } from './classification.ts';
import type { TrainingTask } from './task.ts';

/** The task of a run: the one given, else to classify images by the labels of the data. */
export function taskOf({
  task,
  data,
  logits,
  labelSmoothing,
}: Pick<TrainOptions, 'task' | 'data' | 'logits' | 'labelSmoothing'>): TrainingTask {
  return task ?? classification({ classes: data.train.classes.length, logits, labelSmoothing });
}

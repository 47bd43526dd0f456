import type { TrainOptions } from '../options.ts';
import { classification } from './classification.ts';
import type { TrainingTask } from './task.ts';

/** The given task, or classification by the labels of the data. */
export function taskOf({
  task,
  data,
  logits,
  labelSmoothing,
}: Pick<TrainOptions, 'task' | 'data' | 'logits' | 'labelSmoothing'>): TrainingTask {
  return task ?? classification({ classes: data.train.classes.length, logits, labelSmoothing });
}

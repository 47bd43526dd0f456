import type { ComparisonResult } from './comparison.ts';

type Damage = Pick<ComparisonResult, 'loss' | 'outputError' | 'outputErrors'>;

/** Whether the loss alone measures what was lost: the images have labels, and class scores are the only compared output. */
export const isLossAlone = ({ loss, outputErrors }: Damage): boolean =>
  loss !== null && Object.keys(outputErrors).length <= 1;

/** How bad a changed network is: its loss where {@link isLossAlone}, else the mean error of its outputs. */
export const damageOf = (compared: Damage): number =>
  isLossAlone(compared) ? compared.loss! : compared.outputError;

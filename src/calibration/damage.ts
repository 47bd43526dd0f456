import type { ComparisonResult } from './comparison.ts';

type Damage = Pick<ComparisonResult, 'loss' | 'outputError' | 'outputErrors'>;

/** Whether damage is measured by the loss alone: the images have labels, and class scores are the only compared output. */
export const isLossAlone = ({ loss, outputErrors }: Damage): boolean =>
  loss !== null && Object.keys(outputErrors).length <= 1;

/** The damage of a changed network: its loss if {@link isLossAlone}, else the mean error of its outputs. */
export const damageOf = (compared: Damage): number =>
  isLossAlone(compared) ? compared.loss! : compared.outputError;

import { createHash } from 'node:crypto';
import type { Recipe } from '../training/run-directory.ts';

/** What tells the tasks of a run from those of others: the same for a run that is resumed. */
export const runNameOf = ({ started, options }: Pick<Recipe, 'started' | 'options'>): string =>
  createHash('sha256')
    .update(`${started} ${JSON.stringify(options)}`)
    .digest('hex')
    .slice(0, 16);

import { createHash } from 'node:crypto';
import type { Recipe } from '../training/run-directory.ts';

/** A name that is unique to a run and the same when it is resumed. */
export const runNameOf = ({ started, options }: Pick<Recipe, 'started' | 'options'>): string =>
  createHash('sha256')
    .update(`${started} ${JSON.stringify(options)}`)
    .digest('hex')
    .slice(0, 16);

import { EspalierError } from '../errors.ts';
import { criterionNames } from './criteria/names.ts';
import type { PruningTargetOptions } from './iterative/check-request.ts';
import {
  carriedCosts,
  costShares,
  granularities,
  type PruningSettings,
  paces,
  rankingScopes,
  recoveries,
  residualTies,
} from './iterative/settings.ts';
import { normalizations, reductions } from './ranking/score-rules.ts';

type Checked = Partial<PruningSettings> & PruningTargetOptions;

const names: Partial<Record<keyof Checked, readonly string[]>> = {
  criterion: [...criterionNames, 'mask'],
  granularity: granularities,
  scope: rankingScopes,
  normalize: Object.keys(normalizations),
  reduce: Object.keys(reductions),
  per: costShares,
  pace: paces,
  residual: residualTies,
  carried: carriedCosts,
};

const wholeNumbers = ['round', 'steps', 'maskEvery', 'calibrationImages'] as const;

const fractions = ['ratio', 'macs', 'parameters', 'latency', 'floor', 'until'] as const;

/**
 * Throws `usage` if an option has a value that its type excludes, because JavaScript and casts permit it, or a number outside
 * its range.
 */
export function checkOptions(options: Checked): void {
  for (const [option, known] of Object.entries(names)) {
    const value = options[option as keyof Checked];
    if (option === 'criterion' && typeof value === 'object') continue;
    expect(option, value, known.join(', '), (name) => known.includes(name as string));
  }
  const isRecovery = (name: unknown) => (recoveries as readonly unknown[]).includes(name);
  expect(
    'recover',
    options.recover,
    `a list of ${recoveries.join(' and ')}`,
    (list) => Array.isArray(list) && list.every(isRecovery),
  );
  for (const option of wholeNumbers) {
    expect(
      option,
      options[option],
      'a whole number of at least 1',
      (n) => Number.isInteger(n) && Number(n) >= 1,
    );
  }
  for (const option of fractions) {
    expect(option, options[option], 'a number from 0 to 1', (x) => typeof x === 'number' && x >= 0 && x <= 1);
  }
}

/** Throws `usage` if a given value does not have a property. */
function expect(option: string, value: unknown, expected: string, isGood: (value: unknown) => boolean): void {
  if (value === undefined || value === null || isGood(value)) return;
  throw new EspalierError('usage', `\`${option}\`: expected ${expected}, found ${JSON.stringify(value)}`);
}

import { formatPercent } from '../numeric/quantities.ts';
import { globs, optional } from './flags.ts';

/** The flag that selects the outputs to compare. */
export const outputsFlag = {
  outputs: optional(
    '--outputs <globs>',
    'outputs by which networks are compared, separated by commas (default: all)',
    globs,
  ),
};

const SHOWN_OUTPUTS = 4;

/** `3.1 %`, or for several outputs `3.1 % (scores 1.2 %, boxes 5.0 %)`, largest first. */
export function errorText(outputError: number, outputErrors: Readonly<Record<string, number>>): string {
  const mean = formatPercent(outputError, 1);
  const each = Object.entries(outputErrors).sort(([, a], [, b]) => b - a);
  if (each.length < 2) return mean;
  const shown = each.slice(0, SHOWN_OUTPUTS).map(([name, error]) => `${name} ${formatPercent(error, 1)}`);
  const more = each.length > SHOWN_OUTPUTS ? `, ${each.length - SHOWN_OUTPUTS} more` : '';
  return `${mean} (${shown.join(', ')}${more})`;
}

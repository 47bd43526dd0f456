import { formatCount, formatMacs, significant } from '../../src/numeric/quantities.ts';
import { textTable } from '../../src/report/text-table.ts';
import type { Compared } from './compare.ts';

interface Cost {
  readonly macs: number;
  readonly parameters: number;
  readonly latencyMs: number;
}

/** What `prune --json` tells. */
export interface Costs {
  readonly before: Cost;
  readonly after: Cost;
}

export interface DetectorRow extends Partial<Costs & Compared> {
  readonly network: string;
  readonly size: string;
  /** Of the whole command: reading, ranking, cutting, verifying, timing. */
  readonly seconds?: number;
  /** Why it does not count; null where it does. */
  readonly failed: string | null;
}

const TOLERANCE = 1e-4;

/** A network counts where it lost MACs, agrees with its zeroed file, and where a difference could have shown. */
export function rowOf(
  network: string,
  size: string,
  found: Costs & Compared & { readonly seconds: number },
): DetectorRow {
  const { before, after, headError, outputError, effect, heads } = found;
  const error = Math.max(headError, outputError ?? 0);
  const failed =
    heads === 0
      ? 'no layer before the outputs was found'
      : !(error <= TOLERANCE)
        ? `differs from the zeroed file by ${error.toExponential(1)}`
        : !(after.macs < before.macs)
          ? 'lost no MACs'
          : !(effect > 100 * TOLERANCE)
            ? `the zeros change what the last layers give by ${effect.toExponential(1)} only: nothing is proved`
            : null;
  return { network, size, failed, ...found };
}

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
const change =
  (key: 'macs' | 'parameters', format: (value: number) => string) =>
  ({ before, after }: DetectorRow) =>
    before && after
      ? `${format(before[key])} → ${format(after[key])} (${percent(after[key] / before[key])})`
      : '';
const number =
  (key: 'headError' | 'outputError' | 'effect' | 'objects' | 'seconds', format: (value: number) => string) =>
  (row: DetectorRow) =>
    row[key] === undefined || row[key] === null ? '' : format(row[key]);
const exponential = (value: number) => value.toExponential(1);
const milliseconds = ({ before, after }: DetectorRow) =>
  before && after ? `${significant(before.latencyMs, 3)} → ${significant(after.latencyMs, 3)}` : '';

/** The rows as a table for people. */
export function detectorTable(rows: readonly DetectorRow[]): string {
  return textTable(rows, [
    { head: 'network', cell: ({ network }) => network },
    { head: 'image', cell: ({ size }) => size },
    { head: 'compared at', cell: ({ sizes }) => sizes?.join(', ') ?? '' },
    { head: 'MACs', cell: change('macs', formatMacs), align: 'right' },
    { head: 'parameters', cell: change('parameters', formatCount), align: 'right' },
    { head: 'error of heads', cell: number('headError', exponential), align: 'right' },
    { head: 'of output', cell: number('outputError', exponential), align: 'right' },
    { head: 'objects in both', cell: number('objects', percent), align: 'right' },
    { head: 'zeros change', cell: number('effect', (effect) => significant(effect, 2)), align: 'right' },
    { head: 'ms an image', cell: milliseconds, align: 'right' },
    { head: 'prune s', cell: number('seconds', (seconds) => seconds.toFixed(0)), align: 'right' },
    { head: '', cell: ({ failed }) => failed ?? '' },
  ]);
}

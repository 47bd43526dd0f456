import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMacs,
  formatMs,
  formatPercent,
} from '../../src/numeric/quantities.ts';
import { textTable } from '../../src/report/text-table.ts';

describe('quantities', () => {
  it.each([
    [formatCount(0), '0'],
    [formatCount(999), '999'],
    [formatCount(999_999), '1.00 M'],
    [formatCount(1_234_567), '1.23 M'],
    [formatMacs(40_813_184), '40.8 MMACs'],
    [formatMacs(1_814_073_344), '1.81 GMACs'],
    [formatBytes(512), '512 B'],
    [formatBytes(1_109_658), '1.11 MB'],
    [formatPercent(0.9173), '91.73 %'],
    [formatPercent(Number.NaN), '–'],
    [formatMs(3.2149), '3.21 ms'],
    [formatMs(0.01234), '0.0123 ms'],
    [formatMs(1234), '1234 ms'],
    [formatDuration(4.21), '4.2 s'],
    [formatDuration(59.7), '1 min 00 s'],
    [formatDuration(185), '3 min 05 s'],
    [formatDuration(7799), '2 h 10 min'],
  ])('%s', (actual, expected) => {
    expect(actual).toBe(expected);
  });
});

describe('text tables', () => {
  it('align their columns', () => {
    const rows = [
      { name: 'conv1', macs: 12 },
      { name: 'a', macs: 3456 },
    ];
    const table = textTable(rows, [
      { head: 'layer', cell: ({ name }) => name },
      { head: 'MACs', cell: ({ macs }) => String(macs), align: 'right' },
    ]);
    expect(table.split('\n')).toEqual(['layer  MACs', '─────  ────', 'conv1    12', 'a      3456']);
  });
});

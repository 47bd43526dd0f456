import type { Axis } from '../charts/chart.ts';
import { formatCount, formatMacs, formatMs, formatPercent, significant } from '../numeric/quantities.ts';

/** A fraction in percent. */
export const percentAxis = (label: string, include: readonly number[] = []): Axis => ({
  label,
  format: (fraction) => formatPercent(fraction, 1),
  formatTick: (fraction) => `${Number((100 * fraction).toPrecision(6))} %`,
  include,
});

/** Whole numbers, such as epochs. */
export const countAxis = (label: string, include: readonly number[] = []): Axis => ({
  label,
  format: (x) => (Number.isInteger(x) ? String(x) : ''),
  include,
});

/** Numbers without a unit. */
export const plainAxis = (label: string): Axis => ({
  label,
  format: (x) => significant(x),
  formatTick: (x) => String(Number(x.toPrecision(6))),
});

export const macsAxis: Axis = {
  label: 'MACs',
  format: formatMacs,
  formatTick: (macs) => {
    const [digits, prefix = ''] = formatCount(macs).split(' ');
    return `${Number(digits)} ${prefix}`.trim();
  },
  include: [0],
};

export const msAxis = (label: string): Axis => ({
  label: `${label} (ms)`,
  format: formatMs,
  formatTick: (ms) => String(Number(ms.toPrecision(6))),
  include: [0],
});

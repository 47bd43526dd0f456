import { spreadChart } from '../../charts/spread-bars.ts';
import { formatBytes, formatCount, formatMacs, formatMs, formatPercent } from '../../numeric/quantities.ts';
import { msAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import { rangeText, smallGain, speedBetween, speedText } from '../latency.ts';
import type { NetworkMeasures, RunRecord } from '../run-record.ts';

interface Quantity {
  readonly name: string;
  readonly value: (measures: NetworkMeasures) => number | null | undefined;
  readonly format: (value: number) => string;
  /** The text of the last column, from the values before and after. */
  readonly change: (before: number, after: number, result: Result) => string;
  /** Whether a larger value is better. */
  readonly gain?: boolean;
  /** A text below a value, such as its range. */
  readonly spread?: (measures: NetworkMeasures) => string;
}

const part = (before: number, after: number): string => `${formatPercent(after / before, 1)} kept`;

const quantities: readonly Quantity[] = [
  {
    name: 'Accuracy (top-1)',
    gain: true,
    value: (m) => m.top1,
    format: formatPercent,
    change: (before, after) => `${signed(100 * (after - before))} points`,
  },
  {
    name: 'Accuracy (top-5)',
    gain: true,
    value: (m) => m.top5,
    format: formatPercent,
    change: (before, after) => `${signed(100 * (after - before))} points`,
  },
  { name: 'Output error', value: (m) => m.outputError, format: formatPercent, change: part },
  {
    name: 'Same class as the teacher',
    gain: true,
    value: (m) => m.agreement,
    format: formatPercent,
    change: (before, after) => `${signed(100 * (after - before))} points`,
  },
  { name: 'MACs', value: (m) => m.macs, format: formatMacs, change: part },
  { name: 'Parameters', value: (m) => m.parameters, format: formatCount, change: part },
  { name: 'File', value: (m) => m.bytes, format: formatBytes, change: part },
  {
    name: 'Latency (median)',
    value: (m) => m.latencyMs,
    format: formatMs,
    change: (_was, _is, { before, after }) => speedText(speedBetween(before, after)),
    spread: rangeText,
  },
  {
    name: 'Latency (shortest sample)',
    value: (m) => (isNumber(m.latencyMs) ? null : m.latencyMinMs),
    format: formatMs,
    change: (_was, _is, { before, after }) => speedText(speedBetween(before, after)),
  },
];

/** The headline figures, and a table of all values before and after. */
export function summarySection({ result, epochs, sensitivity }: RunRecord): Html | null {
  if (!result) return sensitivity.length > 0 ? null : unfinished(epochs.length);
  const known = quantities.filter(
    ({ value }) => isNumber(value(result.before)) || isNumber(value(result.after)),
  );
  return html`<section><h2>Before and after</h2>
<div class="cards">${known.filter(({ name }) => name !== 'Accuracy (top-5)').map((quantity) => card(quantity, result))}</div>
<div class="scrolling" tabindex="0" role="group" aria-label="Before and after"><table class="measures"><thead><tr><td></td><th class="number">before</th><th class="number">after</th><th class="number">change</th>${result.fastest && html`<th class="number">fastest form</th>`}</tr></thead>
<tbody>${known.map((quantity) => row(quantity, result))}</tbody></table></div>${slowNote(result)}${latencies(result)}</section>`;
}

/** The latencies with their spread. */
function latencies({ before, after, fastest }: Result): Html | null {
  const values = Object.entries({ before, after, 'fastest form': fastest }).flatMap(([name, measures]) => {
    const { latencyMs: value, latencyMinMs: low, latencyP90Ms: high } = measures ?? {};
    return isNumber(value) && isNumber(low) && isNumber(high) ? [{ name, value, low, high }] : [];
  });
  if (values.length < 2) return null;
  const names = { row: 'network', value: 'median', low: 'shortest sample', high: '90th percentile' };
  const chart = spreadChart({ title: 'Latency', axis: msAxis('latency'), values, names });
  return html`<div class="charts">${figure(chart)}</div>`;
}

const unfinished = (epochs: number): Html =>
  html`<section><h2>Not finished</h2><p>This run has no result yet${epochs > 0 && `: ${epochs} epoch${epochs === 1 ? ' is' : 's are'} done`}.</p></section>`;

type Result = NonNullable<RunRecord['result']>;

function card({ name, value, format, change, gain = false }: Quantity, result: Result): Html {
  const { before, after } = result;
  const [old, now] = [value(before), value(after)];
  if (!isNumber(now)) return html``;
  const worse = isNumber(old) && (gain ? now < old : now > old);
  const changed = isNumber(old) && html`<em${worse && html` class="worse"`}>${change(old, now, result)}</em>`;
  return html`<div class="card"><span>${name}</span><strong>${format(now)}</strong>${changed}</div>`;
}

function row(quantity: Quantity, result: Result): Html {
  const { before, after, fastest } = result;
  const { name, value, change } = quantity;
  const [old, now] = [value(before), value(after)];
  const changed = isNumber(old) && isNumber(now) ? change(old, now, result) : '–';
  return html`<tr><th scope="row">${name}</th><td class="number">${cell(quantity, before)}</td><td class="number">${cell(quantity, after)}</td><td class="number">${changed}</td>${fastest && html`<td class="number">${cell(quantity, fastest)}</td>`}</tr>`;
}

function cell({ value, format, spread }: Quantity, measures: NetworkMeasures): Html {
  const found = value(measures);
  const range = spread?.(measures);
  return html`${isNumber(found) ? format(found) : '–'}${range && html`<small>${range}</small>`}`;
}

function slowNote({ before, after, fastest }: Result): Html | null {
  const small = smallGain(speedBetween(before, fastest ?? after));
  if (small === null) return null;
  return html`<p class="warning">On this machine the network is ${small}${fastest && ', even in the fastest form that was tried'}.</p>`;
}

const isNumber = (value: number | null | undefined): value is number => typeof value === 'number';

const signed = (points: number): string => `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(2)}`;

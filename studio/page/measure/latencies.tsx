import { formatMs } from 'espalier/core';
import { spreadChart } from '../../../src/charts/spread-bars.ts';
import type { Measurement } from '../../engine/measure/types.ts';
import { ChartFigure } from '../parts/chart-figure.tsx';

/** The latencies of a measurement with their spread, and in words what they show. */
export function Latencies(measurement: Measurement) {
  const { measured, rounds, threads, notes } = measurement;
  return (
    <section class="latencies" aria-label="Latency">
      <ChartFigure chart={chartOf(measurement)} />
      <dl>
        {measured.slice(1).map(({ name, claim }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{claim}</dd>
          </div>
        ))}
      </dl>
      {notes.map((note) => (
        <p key={note} class="remark">
          {note}
        </p>
      ))}
      <p class="quiet">
        In this browser, on {threads === 1 ? 'one thread' : `${threads} threads`}, in {rounds} alternating
        rounds. Speeds are relative to the first line; in brackets, the quartiles of the ratios within each
        round.
      </p>
    </section>
  );
}

const chartOf = ({ measured }: Measurement) =>
  spreadChart({
    title: 'Latency',
    axis: { label: 'latency (ms)', format: formatMs, formatTick: (ms) => String(Number(ms.toPrecision(6))) },
    values: measured.map(({ name, medianMs, minMs, p90Ms, claim }) => ({
      name,
      value: medianMs,
      low: minMs,
      high: p90Ms,
      more: [claim ?? '–'],
    })),
    names: {
      row: 'network',
      value: 'median',
      low: 'shortest sample',
      high: '90th percentile',
      more: ['compared with the first'],
    },
  });

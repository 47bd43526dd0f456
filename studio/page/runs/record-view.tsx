import '../style/runs.css';
import type { RunRecord } from 'espalier/core';
import { epochCharts } from '../../../src/report/epoch-charts.ts';
import { ChartFigure } from '../parts/chart-figure.tsx';
import { NetworksTable } from '../parts/networks-table.tsx';
import { ShapeCards } from '../parts/shape-cards.tsx';
import { networksOf } from './networks-of.ts';

/** The record of a run: its result, its epochs, and the shapes of its filters. */
export function RecordView({ record }: { readonly record: RunRecord }) {
  const { result, epochs, shapes } = record;
  return (
    <div class="record">
      {result && <NetworksTable caption="Result" networks={networksOf(result)} />}
      {epochs.length === 0 && !result && <p class="quiet">No epoch is finished yet.</p>}
      <div class="charts">
        {epochCharts(record).map((chart) => (
          <ChartFigure key={chart.title} chart={chart} />
        ))}
      </div>
      {shapes.length > 0 && (
        <section class="part">
          <h2>Filter shapes</h2>
          <ShapeCards layers={shapes} />
        </section>
      )}
    </div>
  );
}

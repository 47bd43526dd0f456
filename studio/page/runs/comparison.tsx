import { lineChart } from '../../../src/charts/lines.ts';
import { countAxis, percentAxis } from '../../../src/report/axes.ts';
import { costCharts } from '../../../src/report/cost-charts.ts';
import type { RunSummary } from '../../../src/studio/types.ts';
import { ChartFigure } from '../parts/chart-figure.tsx';
import { NetworksTable } from '../parts/networks-table.tsx';
import { networksOf } from './networks-of.ts';
import { chosenRuns, details } from './state.ts';

/** The chosen runs side by side: their networks by cost and accuracy, and their accuracy by epoch. */
export function Comparison() {
  const networks = chosenRuns.value.flatMap(namedNetworks);
  return (
    <section class="comparison" aria-labelledby="comparison">
      <h2 id="comparison">Comparison of {chosenRuns.value.length} runs</h2>
      {networks.length === 0 ? (
        <p class="quiet">None of these runs has a result yet.</p>
      ) : (
        <NetworksTable caption="Networks of the runs" networks={networks} />
      )}
      <div class="charts">
        {costCharts(networks).map((chart) => (
          <ChartFigure key={chart.title} chart={chart} />
        ))}
        <ChartFigure chart={accuracyByEpoch()} />
      </div>
    </section>
  );
}

/** The networks of a run under its name; none before it has a result. */
const namedNetworks = ({ id, result }: RunSummary) =>
  result
    ? networksOf(result).map(({ name, measures }) => ({
        name: name === 'after' ? id : `${id}, ${name}`,
        measures,
      }))
    : [];

const accuracyByEpoch = () =>
  lineChart({
    title: 'Accuracy by epoch',
    x: countAxis('epoch'),
    y: percentAxis('top-1 accuracy'),
    series: chosenRuns.value.map(({ id }) => ({
      name: id,
      points: (details.value.get(id)?.record.epochs ?? []).flatMap(({ epoch, testAccuracy }) =>
        typeof testAccuracy === 'number' ? [[epoch, testAccuracy] as const] : [],
      ),
    })),
  });

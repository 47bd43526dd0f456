import { type Html, html } from '../html.ts';
import { lineChart } from '../line-chart.ts';
import { significant } from '../quantities.ts';
import type { RangeTestPoint, RunRecord } from '../run-record.ts';

/** The loss by learning rate, if training began with a range test. */
export const rangeTestSection = ({ rangeTests }: RunRecord): Html | null =>
  rangeTests.length === 0
    ? null
    : html`<section><h2>Learning rate</h2><div class="charts">${rangeTests.map(chart)}</div></section>`;

/** The chart has a logarithmic horizontal axis. */
function chart({ learningRate, points }: RangeTestPoint): Html {
  const curve = points.map(([rate, loss]) => [Math.log10(rate), loss] as const);
  const chosen = curve.find(([x]) => x >= Math.log10(learningRate)) ?? curve.at(-1)!;
  return lineChart({
    title: `Range test: learning rate ${significant(learningRate)}`,
    xLabel: 'log₁₀ of the learning rate',
    series: [
      { name: 'smoothed loss', tone: 'earth', points: curve },
      { name: 'chosen', tone: 'leaf', points: [[Math.log10(learningRate), chosen[1]]] },
    ],
    format: (loss) => significant(loss),
    formatTick: String,
  });
}

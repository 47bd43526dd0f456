import { lineChart } from '../../charts/lines.ts';
import { significant } from '../../numeric/quantities.ts';
import { plainAxis } from '../axes.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { RangeTestPoint, RunRecord } from '../run-record.ts';

/** The loss by learning rate, if training began with a range test. */
export const rangeTestSection = ({ rangeTests }: RunRecord): Html | null =>
  rangeTests.length === 0
    ? null
    : html`<section><h2>Learning rate</h2><div class="charts">${rangeTests.map(chart)}</div></section>`;

function chart({ learningRate, points }: RangeTestPoint): Html {
  const [, loss] = points.find(([rate]) => rate >= learningRate) ?? points.at(-1)!;
  return figure(
    lineChart({
      title: `Range test: learning rate ${significant(learningRate)}`,
      x: { ...plainAxis('learning rate'), scale: 'log' },
      y: plainAxis('loss'),
      series: [
        { name: 'chosen', points: [[learningRate, loss]] },
        { name: 'smoothed loss', points },
      ],
    }),
  );
}

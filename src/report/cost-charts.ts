import type { Axis, Chart, EmptyChart } from '../charts/chart.ts';
import { scatterChart } from '../charts/scatter.ts';
import { macsAxis, msAxis, percentAxis } from './axes.ts';
import type { NetworkMeasures } from './run-record.ts';

/** A network with its accuracy and its costs. */
export interface NetworkCosts {
  readonly name: string;
  readonly measures: Pick<NetworkMeasures, 'top1' | 'macs' | 'latencyMs'>;
}

interface Cost {
  readonly title: string;
  readonly axis: Axis;
  readonly value: (measures: NetworkCosts['measures']) => number | null | undefined;
}

const costs: readonly Cost[] = [
  { title: 'Accuracy and MACs', axis: macsAxis, value: ({ macs }) => macs },
  { title: 'Accuracy and latency', axis: msAxis('latency'), value: ({ latencyMs }) => latencyMs },
];

/** Networks by accuracy and each cost, with their Pareto front. A cost that fewer than two networks have has no chart. */
export const costCharts = (networks: readonly NetworkCosts[]): (Chart | EmptyChart)[] =>
  costs.flatMap(({ title, axis, value }) => {
    const points = networks.flatMap(({ name, measures }) => {
      const [x, y] = [value(measures), measures.top1];
      return x == null || y == null ? [] : [{ name, x, y }];
    });
    return points.length < 2
      ? []
      : [scatterChart({ title, x: axis, y: percentAxis('top-1 accuracy'), points })];
  });

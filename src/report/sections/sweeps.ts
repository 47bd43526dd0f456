import * as v from 'valibot';
import { type LineSeries, lineChart } from '../../charts/lines.ts';
import { percentAxis } from '../axes.ts';
import { costCharts, type NetworkCosts } from '../cost-charts.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { StepOutcome } from '../steps-record.ts';

const number = v.pipe(v.number(), v.finite());
const measuresSchema = v.object({
  top1: v.nullish(number),
  macs: v.nullish(number),
  latencyMs: v.nullish(number),
});
const resultSchema = v.object({ after: measuresSchema });
const planSchema = v.object({
  plan: v.object({
    recipe: v.object({
      steps: v.array(
        v.object({
          name: v.string(),
          at: v.number(),
          options: v.record(v.string(), v.unknown()),
        }),
      ),
    }),
  }),
});
type RecordedPlan = v.InferOutput<typeof planSchema>['plan']['recipe']['steps'][number];

/** The networks of all steps by accuracy and cost, and the results of each sweep by its options. */
export function sweepsSection(recipe: unknown, outcomes: Iterable<StepOutcome>): Html | null {
  const measured = [...outcomes].flatMap(({ name, data }): NetworkCosts[] => {
    const parsed = v.safeParse(resultSchema, data);
    return parsed.success ? [{ name, measures: parsed.output.after }] : [];
  });
  const plan = v.safeParse(planSchema, recipe);
  const charts = [
    ...(plan.success ? sweepCharts(plan.output.plan.recipe.steps, measured) : []),
    ...costCharts(measured).map((chart) => figure(chart)),
  ];
  return charts.length === 0
    ? null
    : html`<section><h2>Results of the steps</h2><div class="charts">${charts}</div></section>`;
}

const accuracy = percentAxis('top-1 accuracy');

/** A chart for each step of the recipe that a sweep has repeated with other options. */
function sweepCharts(planned: readonly RecordedPlan[], measured: readonly NetworkCosts[]): Html[] {
  const results = new Map(measured.map(({ name, measures }) => [name, measures]));
  const places = new Set(planned.map(({ at }) => at));
  return [...places].flatMap((place) => {
    const steps = planned.filter(({ at }) => at === place);
    const options = sweptOptions(steps);
    const known = steps.flatMap((step) => {
      const top1 = results.get(step.name)?.top1;
      return top1 == null ? [] : [{ step, top1 }];
    });
    return options.length === 0 || known.length < 2 ? [] : [sweepChart(options, known)];
  });
}

/** The options with several values, that with the most values first. */
function sweptOptions(steps: readonly RecordedPlan[]): string[] {
  const counts = Object.keys(steps[0]?.options ?? {}).map((option) => ({
    option,
    values: new Set(steps.map(({ options }) => String(options[option]))).size,
  }));
  return counts
    .filter(({ values }) => values > 1)
    .sort((a, b) => b.values - a.values)
    .map(({ option }) => option);
}

interface KnownStep {
  readonly step: RecordedPlan;
  readonly top1: number;
}

/** Accuracy by the first option: a line for each combination of the others. Its values are evenly spaced. */
function sweepChart([option = '', ...others]: readonly string[], steps: readonly KnownStep[]): Html {
  const values = [...new Set(steps.map(({ step }) => step.options[option]))];
  const isNumeric = values.every((value) => typeof value === 'number');
  const ordered = isNumeric ? values.sort((a, b) => a - b) : values;
  const nameOf = ({ options }: RecordedPlan) =>
    others.map((other) => `${other} ${String(options[other])}`).join(', ') || 'top-1';
  const series = [...new Set(steps.map(({ step }) => nameOf(step)))].map(
    (name): LineSeries => ({
      name,
      points: steps
        .filter(({ step }) => nameOf(step) === name)
        .map(({ step, top1 }) => [ordered.indexOf(step.options[option]), top1] as const)
        .sort(([a], [b]) => a - b),
    }),
  );
  return figure(
    lineChart({
      title: `Accuracy by ${option}`,
      x: { label: option, format: (index) => String(ordered[index] ?? '') },
      y: accuracy,
      series,
      unordered: !isNumeric,
    }),
  );
}

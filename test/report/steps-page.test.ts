import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderSteps } from '../../src/report/index.ts';
import { createRunDirectory } from '../../src/training/run-directory.ts';
import { cellsOf, ticksOf } from '../support/chart.ts';
import { recipe } from '../support/run-record.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Planned {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Accuracy and MACs; missing as long as the step is not finished. */
  readonly result?: { readonly top1: number; readonly macs: number; readonly latencyMs?: number };
}

/** The page of a run of a recipe whose second entry is a sweep. */
function page(steps: readonly Planned[]): Promise<string> {
  const path = join(temporaryFolder(), 'run');
  const train = { name: 'train', at: 0, options: { epochs: 2 } };
  const planned = steps.map(({ name, options }) => ({ name, at: 1, options }));
  const plan = { recipe: { steps: [train, ...planned] } };
  const run = createRunDirectory(path, { ...recipe, command: 'run', ...{ plan } });
  for (const { name, result } of steps)
    if (result) {
      const outcome = { name, line: 'espalier prune', folder: name, hours: 0.1, text: '' };
      run.record({ type: 'finish', ...outcome, data: { after: result } });
    }
  return renderSteps(path);
}

/** The markup of the chart with a title. */
const chartOf = (html: string, title: string): string =>
  html.split('<figure').find((figure) => figure.includes(`<h3>${title}</h3>`)) ?? '';

describe('the page of a recipe', () => {
  it('shows the accuracy of a sweep by its option, in the order of the numbers', async () => {
    const html = await page([
      { name: 'half', options: { macs: 0.5, seed: 1 }, result: { top1: 0.9, macs: 5e6 } },
      { name: 'most', options: { macs: 0.75, seed: 1 }, result: { top1: 0.92, macs: 7.5e6 } },
      { name: 'little', options: { macs: 0.1, seed: 1 }, result: { top1: 0.6, macs: 1e6 } },
    ]);
    const chart = chartOf(html, 'Accuracy by macs');
    expect(ticksOf(chart, 'x')).toEqual(['0.1', '0.5', '0.75']);
    expect(cellsOf(chart)).toEqual([
      ['macs', 'top-1'],
      ['0.1', '60.0 %'],
      ['0.5', '90.0 %'],
      ['0.75', '92.0 %'],
    ]);
  });

  it('draws a line for each combination of the other options', async () => {
    const options = ['l1-norm', 'fpgm'].flatMap((criterion) =>
      [0.5, 0.7].map((macs) => ({ criterion, macs })),
    );
    const html = await page(
      options.map((each, i) => ({
        name: `step${i}`,
        options: each,
        result: { top1: 0.8 + i / 100, macs: 1e6 },
      })),
    );
    expect(cellsOf(chartOf(html, 'Accuracy by criterion'))[0]).toEqual(['criterion', 'macs 0.5', 'macs 0.7']);
  });

  it('shows all networks by accuracy and cost, with the Pareto front', async () => {
    const html = await page([
      { name: 'small', options: {}, result: { top1: 0.8, macs: 1e6, latencyMs: 2 } },
      { name: 'large', options: {}, result: { top1: 0.9, macs: 4e6, latencyMs: 3 } },
      { name: 'worse', options: {}, result: { top1: 0.7, macs: 2e6, latencyMs: 1 } },
    ]);
    const best = (title: string) =>
      cellsOf(chartOf(html, title)).flatMap(([name, , , isBest]) => (isBest === 'yes' ? [name] : []));
    expect(best('Accuracy and MACs')).toEqual(['small', 'large']);
    expect(best('Accuracy and latency')).toEqual(['worse', 'small', 'large']);
  });

  it('has no charts of what is not finished, and no sweep where options do not differ', async () => {
    const html = await page([
      { name: 'half', options: { macs: 0.5 }, result: { top1: 0.9, macs: 5e6 } },
      { name: 'most', options: { macs: 0.75 } },
    ]);
    expect(html).not.toContain('<figure');
  });
});

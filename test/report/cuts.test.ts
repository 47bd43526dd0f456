import { expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import { cellsOf } from '../support/chart.ts';

const recipe = {
  command: 'prune',
  started: '2026-01-01T00:00:00.000Z',
  options: { model: 'x.onnx' },
  versions: {},
  machine: { processor: 'x', cores: 2 },
};
const step = (number: number, fraction: number, left: object | null) => ({
  type: 'prune-step',
  number,
  target: { measure: 'macs', fraction },
  left,
  stages: [],
});

it('a report tells what each cut left of the original, without images too', async () => {
  const html = await renderReport(
    makeRunRecord(recipe, [
      step(1, 0.75, { macs: 0.7491, parameters: 0.81 }),
      step(2, 0.5, { macs: 0.4987, parameters: 0.62 }),
    ]),
  );
  expect(html).toContain('Pruning, step by step');
  for (const text of ['75.0 % of MACs', '74.9 %', '81.0 %', '50.0 % of MACs', '49.9 %', '62.0 %'])
    expect(html).toContain(text);
});

it('cuts that make zeros have no such columns', async () => {
  const html = await renderReport(makeRunRecord(recipe, [step(1, 0.75, null), step(2, 0.5, null)]));
  expect(html).not.toContain('MACs kept');
});

it('steps with several stages have a chart of each value, with a line for each stage', async () => {
  const staged = (number: number, cut: number, retrained: number) => ({
    ...step(number, 1 - number / 4, { macs: 1 - number / 4, parameters: 0.5 }),
    stages: [
      { stage: 'cut', top1: cut },
      { stage: 'retrained', top1: retrained },
    ],
  });
  const html = await renderReport(makeRunRecord(recipe, [staged(1, 0.7, 0.9), staged(2, 0.5, 0.85)]));
  const [accuracy, size] = html.split('<figure').slice(1);
  expect(cellsOf(accuracy!)).toEqual([
    ['step', 'after the cut', 'retrained'],
    ['1', '70.0 %', '90.0 %'],
    ['2', '50.0 %', '85.0 %'],
  ]);
  expect(cellsOf(size!)[1]).toEqual(['1', '75.0 %', '50.0 %']);
});

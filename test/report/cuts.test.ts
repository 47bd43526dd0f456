import { expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';

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

import { expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import { recipe } from '../support/run-record.ts';

const compiled = {
  type: 'compiled',
  engine: 'Node 22.1.0',
  module: 'relaxed',
  peakGflops: 50,
  ms: 2,
  steps: [
    { name: 'conv1', kernel: 'direct 6×2', macs: 20e6, ms: 1 },
    { name: 'pool', kernel: 'average', macs: 0, ms: 0.25 },
  ],
};

const page = (changes: object = {}) => renderReport(makeRunRecord(recipe, [{ ...compiled, ...changes }]));

const row = (html: string, step: string) =>
  new RegExp(`<tr><th scope="row">${step}</th>.*?</tr>`).exec(html)?.[0].replace(/<[^>]+>/g, '|');

it('shows kernel, work, time and share of the peak of each step of a compiled network', async () => {
  const html = await page();
  // 2 · 20e6 operations in 1 ms are 40 GFLOP/s, of 50.
  expect(row(html, 'conv1')).toMatch(/conv1\|+1\.00 ms\|+80 %\|+direct 6×2\|+20\.0 MMACs\|/);
  expect(row(html, 'pool')).toMatch(/pool\|+0\.250 ms\|+average\|+–\|/);
  expect(html).toContain('2.00 ms, 20.0 GFLOP/s');
  expect(await page({ peakGflops: 'fast' })).not.toContain('Kernels');
});

import { describe, expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import { numbersOf } from '../support/chart.ts';
import { recipe } from '../support/run-record.ts';

const form = (name: string, ms: number, macs: number) => ({ form: name, ms, macs });

const deployment = {
  type: 'deployment',
  engine: 'onnxruntime-node 1.30.0',
  threads: 2,
  layers: [
    {
      name: 'conv2',
      form: 'parts 3',
      forms: [form('dense', 0.4, 4e6), form('shift 16', 0.25, 2e6), form('parts 3', 0.2, 1e6)],
    },
    { name: 'conv3', form: 'dense', forms: [form('dense', 0.1, 1e6), form('stripe', 0.5, 5e5)] },
    { name: 'conv4', form: 'dense', forms: [form('dense', 0.1, 1e6)] },
  ],
  macs: { before: 8e6, live: 4e6, after: 5e6 },
  latency: { before: 0.9, after: 0.6, ratio: 1.5, ratioSpread: [1.4, 1.6] },
  quotient: 0.75,
  int8: null as object | null,
};

const page = (changes: object = {}) =>
  renderReport(makeRunRecord({ ...recipe, command: 'deploy' }, [{ ...deployment, ...changes }]));

const row = (html: string, layer: string) =>
  new RegExp(`<tr><th scope="row">${layer}</th>.*?</tr>`).exec(html)?.[0].replace(/<[^>]+>/g, '|');

describe('the forms of a deployed network', () => {
  it('are told layer by layer: which won, by how much, what the others came to', async () => {
    const html = await page();
    expect(row(html, 'conv2: parts 3')).toMatch(
      /conv2: parts 3\|+0\.400 ms\|+0\.200 ms\|+2\.00×\|+shift 16 0\.250 ms\|+25 %\|/,
    );
    expect(row(html, 'conv4: dense')).toBeUndefined();
    expect(html).toContain(
      'One layer remains dense, because no other form is predicted to be faster: conv4.',
    );
  });

  it('are drawn on one scale: dense, shipped, and a tick for each other form that is on it', async () => {
    const html = await page();
    const [dense, shipped] = [numbersOf(html, 'fill=pale', 'width'), numbersOf(html, 'fill=1', 'width')];
    const unit = dense[0]! / 0.4;
    for (const [i, ms] of [0.4, 0.1].entries()) expect(dense[i]).toBeCloseTo(ms * unit, 1);
    for (const [i, ms] of [0.2, 0.1].entries()) expect(shipped[i]).toBeCloseTo(ms * unit, 1);
    // Of conv3's form of 0.5 ms, which is beyond the bars, there is no tick.
    const [left] = numbersOf(html, 'fill=pale', 'x');
    expect(numbersOf(html, 'stroke=tick', 'x1').map((x) => Math.round((x - left!) / unit / 0.01))).toEqual([
      25,
    ]);
  });

  it('end with what the network gained of what its MACs promise', async () => {
    for (const text of [
      '2.00×: 4.00 MMACs of 8.00 MMACs',
      '0.900 ms → 0.600 ms, 1.50× as fast (1.40× – 1.60×): the shortest samples of both, and the middle half of the ratios of samples',
      '75 % of the expected speed-up',
    ])
      expect(await page()).toContain(text);
    expect(await page()).not.toContain('8 bits');
  });

  it('tell accuracy and latency in 8 bits', async () => {
    const int8 = { layers: 4, ms: { float: 0.6, int8: 0.3 }, ratio: 2, sameClass: 0.99, images: 100 };
    const labelled = await page({ int8: { ...int8, top1: { float: 0.92, int8: 0.915 } } });
    expect(labelled).toContain('4 layers; top-1 92.00 % → 91.50 %; same class for 99.0 % of 100 images');
    expect(labelled).toContain('0.600 ms → 0.300 ms');
    expect(await page({ int8: { ...int8, top1: null } })).toContain('; same class for 99.0 % of 100 images');
  });

  it('say where no layer has any', async () => {
    expect(await page({ layers: [] })).toContain('No convolution has a zero stripe.');
    expect(await page({ layers: [] })).not.toContain('Time of each layer');
  });

  it('are left out where the record of them is broken', async () => {
    const unknown = { name: 'conv2', form: 'parts 3', forms: [form('dense', 0.4, 4e6)] };
    expect(await page({ layers: [unknown] })).not.toContain('Forms');
    expect(await page({ macs: { ...deployment.macs, live: 0 } })).not.toContain('Forms');
  });

  it('take names as text, never as markup', async () => {
    const html = await page({
      layers: deployment.layers.map((layer) => ({ ...layer, name: '<img src=x>' })),
    });
    expect(html).not.toContain('<img');
  });
});

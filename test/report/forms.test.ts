import { describe, expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
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
  new RegExp(`<tr><th scope="row">${layer}</th>.*?</tr>`).exec(html)?.[0].replace(/<svg.*<\/svg>/, '');

describe('the forms of a deployed network', () => {
  it('are told layer by layer: which won, by how much, what the others came to', () => {
    expect(row(page(), 'conv2')!.replace(/<[^>]+>/g, '|')).toMatch(
      /conv2\|+parts 3\|+0\.400 ms\|+0\.200 ms\|+2\.00×\|+25 %\|+shift 16 1\.60×\|/,
    );
    expect(row(page(), 'conv4')).toBeUndefined();
    expect(page()).toContain(
      'One layer remains dense, because no other form is predicted to be faster: conv4.',
    );
  });

  it('are drawn on one scale: dense, shipped, and a tick for each other form that is on it', () => {
    const [conv2, conv3] = ['conv2', 'conv3'].map(
      (name) => new RegExp(`<title>${name}:.*?</svg>`).exec(page())![0],
    );
    expect(conv2).toContain('dense 0.400 ms, shift 16 0.250 ms, parts 3 0.200 ms; shipped: parts 3');
    expect([...conv2!.matchAll(/width="([\d.]+)"/g)].map(([, width]) => Number(width))).toEqual([100, 50]);
    expect(conv2).toContain('x1="62.50"');
    expect([...conv3!.matchAll(/width="([\d.]+)"/g)].map(([, width]) => Number(width))).toEqual([25, 25]);
    expect(conv3).not.toContain('<line');
  });

  it('end with what the network gained of what its MACs promise', () => {
    for (const text of [
      '2.00×: 4.00 MMACs of 8.00 MMACs',
      '0.900 ms → 0.600 ms, 1.50× as fast (1.40× – 1.60×): the shortest samples of both, and the middle half of the ratios of samples',
      '75 % of the expected speed-up',
    ])
      expect(page()).toContain(text);
    expect(page()).not.toContain('8 bits');
  });

  it('tell accuracy and latency in 8 bits', () => {
    const int8 = { layers: 4, ms: { float: 0.6, int8: 0.3 }, ratio: 2, sameClass: 0.99, images: 100 };
    const labelled = page({ int8: { ...int8, top1: { float: 0.92, int8: 0.915 } } });
    expect(labelled).toContain('4 layers; top-1 92.00 % → 91.50 %; same class for 99.0 % of 100 images');
    expect(labelled).toContain('0.600 ms → 0.300 ms');
    expect(page({ int8: { ...int8, top1: null } })).toContain('; same class for 99.0 % of 100 images');
  });

  it('say where no layer has any', () => {
    expect(page({ layers: [] })).toContain('No convolution has a zero stripe.');
    expect(page({ layers: [] })).not.toContain('<table class="layers forms">');
  });

  it('are left out where the record of them is broken', () => {
    const unknown = { name: 'conv2', form: 'parts 3', forms: [form('dense', 0.4, 4e6)] };
    expect(page({ layers: [unknown] })).not.toContain('Forms');
    expect(page({ macs: { ...deployment.macs, live: 0 } })).not.toContain('Forms');
  });

  it('take names as text, never as markup', () => {
    const html = page({ layers: deployment.layers.map((layer) => ({ ...layer, name: '<img src=x>' })) });
    expect(html).not.toContain('<img');
  });
});

import { describe, expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import type { RunEvent } from '../../src/training/run-directory.ts';
import { events, recipe } from '../support/run-record.ts';

const page = (list: readonly RunEvent[], options: object = {}) =>
  renderReport(makeRunRecord({ ...recipe, options: { ...recipe.options, ...options } }, list));

const headings = (html: string) => [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, text]) => text);

describe('the report', () => {
  it('tells the whole of a run in its order', async () => {
    expect(headings(await page(events()))).toEqual([
      'Before and after',
      'Epoch by epoch',
      'The shapes that were learned',
      'Layer by layer',
      'Left alone',
      'Next',
      'The run',
    ]);
  });

  it('stays readable while a run has only begun', async () => {
    const html = await page(events().filter(({ type, epoch }) => type === 'epoch' && epoch === 1));
    expect(headings(html)).toEqual(['Not finished', 'Epoch by epoch', 'Next', 'The run']);
    expect(html).toContain('espalier swp --resume runs/shapes');
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has no section for what was not recorded', async () => {
    expect(headings(await page([]))).toEqual(['Not finished', 'Next', 'The run']);
  });

  it('shows figures before and after, and what they changed by', async () => {
    const html = await page(events());
    for (const text of ['91.73 %', '90.21 %', '−1.52 points', '1.84 ms', '1.52× as fast', '48.6 % kept']) {
      expect(html).toContain(text);
    }
  });

  it('shows the time that training takes where the network shrank, and only there', async () => {
    const shrinking = events().map((event, i) =>
      event.type === 'epoch' ? { ...event, macsRunning: 1 - i / 16, imagesPerSecond: 1000 + 250 * i } : event,
    );
    const html = await page(shrinking);
    expect(html).toContain('Training time by epoch: per image from 1.00 ms to 0.364 ms');
    expect(html).toContain('kept from 93.0 % to 49.6 %; in training from 100.0 % to 56.3 %');
    expect(await page(events())).not.toContain('Training time');
  });

  it('shows the curve of a range test on a logarithmic axis', async () => {
    const points = [1e-4, 1e-3, 1e-2, 1e-1].map((rate, i) => [rate, [2, 1.5, 1, 3][i]]);
    const html = await page([{ type: 'range-test', learningRate: 0.01, points }, ...events()]);
    expect(headings(html)).toContain('Learning rate');
    const label = 'learning rate 0.0100 by learning rate: chosen 1.00; smoothed loss from 2.00 to 3.00';
    expect(html).toContain(`aria-label="Range test: ${label}"`);
  });

  it('repeats the command', async () => {
    expect(await page(events())).toContain(
      'espalier swp models/resnet20-cifar10.onnx --data cifar10 --macs 0.5 --threshold 0.01 --epochs 8 --seed 1 --out runs/shapes',
    );
  });

  it('leaves options out of commands that have their default', async () => {
    const record = { ...makeRunRecord(recipe, events()), defaults: { threshold: 0.01, seed: 2 } };
    const html = await renderReport(record);
    expect(html).not.toContain('--threshold');
    expect(html).toContain('--seed 1');
  });

  it('repeats switches that were typed to turn something off', async () => {
    const made = makeRunRecord({ ...recipe, options: { model: 'x.onnx', verify: false, plan: false } }, []);
    const html = await renderReport({ ...made, defaults: { verify: true, plan: false } });
    expect(html).toContain('espalier swp x.onnx --no-verify<');
  });

  it('marks what got worse', async () => {
    expect(await page(events())).toMatch(/<em class="worse">−1\.52 points<\/em>/);
    expect(await page(events())).toMatch(/<em>1\.52× as fast/);
  });

  it('says plainly when nothing got faster', async () => {
    const measures = { latencyMs: 2, top1: 0.9 };
    const result = { type: 'result', before: measures, after: { ...measures, latencyMs: 1.95 } };
    expect(await page([result])).toContain('under 5 %');
    const shortest = { ...result, before: { latencyMinMs: 2 }, after: { latencyMinMs: 1.95 } };
    expect(await page([shortest])).toContain('under 5 %');
    expect(await page([{ ...shortest, after: { latencyMinMs: 1 } }])).toContain('2.00× as fast');
    expect(await page(events())).not.toContain('under 5 %');
  });

  it('needs nothing from elsewhere and names every picture', async () => {
    const html = await page(events());
    expect(html).not.toMatch(/<script|src=|@import|url\(|<link/);
    const pictures = html.match(/<svg[^>]*role="img"[^>]*>(\s*<title>[^<]+)?/g)!;
    expect(pictures.length).toBeGreaterThan(20);
    expect(pictures.filter((start) => !/aria-label="[^"]+"|<title>/.test(start))).toEqual([]);
  });

  it('takes names from models as text, never as markup', async () => {
    const evil = `<img src=x onerror="alert(1)">'&`;
    const hostile = JSON.parse(
      JSON.stringify(events()).replaceAll('layer2.0.shortcut', 'EVIL').replaceAll('conv1', 'EVIL'),
      (_, value) => (typeof value === 'string' ? value.replaceAll('EVIL', evil) : value),
    ) as RunEvent[];
    const html = await page(hostile, { model: evil, out: evil });
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;');
  });
});

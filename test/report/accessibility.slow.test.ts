import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import type { RunEvent } from '../../src/training/run-directory.ts';
import { violations } from '../support/axe.ts';
import { hasChromium } from '../support/chromium.ts';
import { events, recipe } from '../support/run-record.ts';

const layers = ['/features/features.0/Conv_of_the_first_block', 'layer1.0.conv1', 'layer2.0.conv1'];

/** An event of each kind that has a chart. */
const charted: readonly RunEvent[] = [
  {
    type: 'range-test',
    learningRate: 0.01,
    points: [1e-4, 1e-3, 1e-2, 1e-1].map((rate, i) => [rate, 3 - i]),
  },
  ...[1, 2].map((number) => ({
    type: 'prune-step',
    number,
    target: { measure: 'macs', fraction: 1 - number / 4 },
    left: { macs: 1 - number / 4, parameters: 0.5 },
    stages: ['cut', 'recalibrate', 'reconstruct', 'retrained'].map((stage, i) => ({
      stage,
      top1: 0.6 + i / 10,
      outputError: 0.4 - i / 10,
    })),
  })),
  {
    type: 'prune-groups',
    groups: layers.map((name) => ({ layers: [name, 'other'], channels: 16, kept: 9 })),
  },
  ...layers.map((name) => ({
    type: 'sensitivity',
    unit: {
      name,
      layers: [name],
      points: [0, 0.5].map((ratio) => ({ ratio, top1: 0.9 - ratio / 3, outputError: 0 })),
    },
  })),
  {
    type: 'compiled',
    engine: 'Node 22.1.0',
    module: 'relaxed',
    peakGflops: 50,
    ms: 2,
    steps: layers.map((name, i) => ({ name, kernel: 'direct 6×2', macs: 2e7, ms: 1 + i })),
  },
  ...[1, 2].map((epoch) => ({
    type: 'graft',
    epoch,
    networks: [{ layers: [{ entropy: 2 + epoch, invalid: 9 - epoch }] }],
  })),
];

describe.skipIf(!hasChromium)('a report (needs Chromium)', () => {
  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'in %s colours, %d pixels wide: axe finds nothing, nothing is wider than the page or asked for',
    async (scheme, width) => {
      const browser = await launchBrowser();
      onTestFinished(() => browser.close());
      const page = await browser.newPage();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.setViewport({ width, height: 900 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.setContent(await renderReport(makeRunRecord(recipe, [...charted, ...events()])));
      await page.$$eval('details', (all) => {
        for (const each of all) each.setAttribute('open', '');
      });
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(requests).toEqual([]);
    },
  );
});

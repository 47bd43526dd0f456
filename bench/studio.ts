/** How fast the studio opens a ResNet-50 in Chromium, and how fast its plan follows the slider: see README.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../src/models/index.ts';
import { formatMs } from '../src/numeric/quantities.ts';
import { median } from '../src/numeric/statistics.ts';
import { serializeModel } from '../src/onnx/index.ts';
import { textTable } from '../src/report/text-table.ts';
import { openStudioBrowser, type StudioPage } from '../test/support/studio-page.ts';

const ROUNDS = 5;
/** Percent of the MACs to keep, one after the other. */
const TARGETS = [45, 60, 35, 50, 70, 40, 55, 30, 65, 50];

/** Milliseconds until the page shows another text in its first fact, after a script has run. */
const untilShown = (tab: StudioPage, script: string): Promise<unknown> =>
  tab.page.evaluate(`new Promise((resolve) => {
    const shown = () => document.querySelector('.facts strong')?.textContent;
    const before = shown();
    const start = performance.now();
    const observer = new MutationObserver(() => {
      if (shown() === before) return;
      observer.disconnect();
      resolve(performance.now() - start);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    ${script}
  })`);

const moveSlider = (percent: number): string => `
  const slider = document.querySelector('input[type=range]');
  slider.value = ${percent};
  slider.dispatchEvent(new Event('input', { bubbles: true }));`;

/** The times of one page: until the facts of the dropped file are shown, and of each plan after the first. */
async function measure(tab: StudioPage, model: string): Promise<{ open: number; plans: number[] }> {
  await tab.page.waitForNetworkIdle();
  const shown = untilShown(tab, '');
  await tab.choose(model);
  const open = Number(await shown);
  await tab.tab('Prune');
  await tab.text('.facts div', 'are left');
  const plans: number[] = [];
  for (const percent of TARGETS) plans.push(Number(await untilShown(tab, moveSlider(percent))));
  return { open, plans };
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const model = join(folder, 'resnet50.onnx');
writeFileSync(model, serializeModel(buildModel('resnet50')));
const browser = await openStudioBrowser();
try {
  const opens: number[] = [];
  const plans: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const tab = await browser.open();
    const times = await measure(tab, model);
    opens.push(times.open);
    plans.push(...times.plans);
    await tab.page.close();
  }
  const rows = [
    { what: 'open ResNet-50', times: opens },
    { what: 'plan after the slider moves', times: plans },
  ];
  console.log(
    textTable(rows, [
      { head: '', cell: ({ what }) => what },
      { head: 'median', cell: ({ times }) => formatMs(median(times)), align: 'right' },
      { head: 'least', cell: ({ times }) => formatMs(Math.min(...times)), align: 'right' },
      { head: 'most', cell: ({ times }) => formatMs(Math.max(...times)), align: 'right' },
    ]),
  );
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

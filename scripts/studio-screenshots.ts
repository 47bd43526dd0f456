/**
 * Pictures of each view of the studio, in light and dark colours, for docs/studio.md:
 * npx tsx scripts/studio-screenshots.ts [FOLDER [WIDTH [VIEW …]]]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../src/models/index.ts';
import { serializeModel } from '../src/onnx/index.ts';
import { maskedNetwork } from '../test/support/masked-network.ts';
import { openStudioBrowser, type StudioPage } from '../test/support/studio-page.ts';

interface Shot {
  readonly name: string;
  readonly network: 'resnet18' | 'resnet20' | 'masked';
  /** From the opened network to what is shown. */
  readonly prepare: (tab: StudioPage) => Promise<void>;
}

const shots: readonly Shot[] = [
  {
    name: 'look',
    network: 'resnet18',
    async prepare(tab) {
      await tab.tab('Layers');
      await tab.page.locator('::-p-xpath(//td/button[text()="layer2.0.conv2"])').click();
    },
  },
  { name: 'layers', network: 'resnet18', prepare: (tab) => tab.tab('Layers') },
  { name: 'filter-shapes', network: 'masked', prepare: (tab) => tab.tab('Filter shapes') },
  { name: 'prune', network: 'resnet18', prepare: plan },
  {
    name: 'transform',
    network: 'resnet18',
    async prepare(tab) {
      await tab.tab('Transform');
      await press(tab, 'Count costs');
      await tab.text('tbody tr', 'layer1');
    },
  },
  {
    name: 'measure',
    network: 'resnet20',
    async prepare(tab) {
      await plan(tab);
      await press(tab, 'Prune and verify');
      await tab.text('.outcome', 'prune to 50');
      await tab.tab('Measure');
      await press(tab, 'Measure');
      await tab.text('.latencies dd');
    },
  },
  {
    name: 'runs',
    network: 'resnet20',
    async prepare(tab) {
      await tab.tab('Runs');
      await tab.text('tbody tr', 'finished');
      await tab.page.$$eval('tbody input', (boxes) => {
        for (const box of boxes.slice(0, 3)) box.click();
      });
      await tab.page.waitForSelector('.comparison svg');
      await tab.page.$eval('.comparison', (element) => element.scrollIntoView());
    },
  },
];

async function plan(tab: StudioPage): Promise<void> {
  await tab.tab('Prune');
  await tab.text('.facts div', 'are left');
}

const press = (tab: StudioPage, label: string) =>
  tab.page.locator(`::-p-xpath(//button[not(@role)][. = "${label}"])`).click();

const [folder = 'docs/studio', width = '1280', ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const models = mkdtempSync(join(tmpdir(), 'espalier-shots-'));
const networks = {
  resnet18: () => buildModel('resnet18'),
  resnet20: () => buildModel('resnet20'),
  masked: () => maskedNetwork(),
};
for (const [name, build] of Object.entries(networks)) {
  writeFileSync(join(models, `${name}.onnx`), serializeModel(build()));
}
const browser = await openStudioBrowser('docs/runs');
try {
  for (const { name, network, prepare } of shots) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const scheme of ['light', 'dark'] as const) {
      const tab = await browser.open({ width: Number(width), height: 780, scheme });
      await tab.choose(join(models, `${network}.onnx`));
      await tab.text('.facts div', 'MACs');
      await prepare(tab);
      await tab.page.waitForNetworkIdle();
      await tab.page.waitForFunction(`!document.querySelector('.progress')`);
      await tab.page.screenshot({ path: join(folder, `${name}-${scheme}.png`) as `${string}.png` });
      for (const problem of tab.problems) console.error(`${name}: ${problem}`);
      await tab.page.close();
    }
  }
} finally {
  await browser.close();
  rmSync(models, { recursive: true });
}

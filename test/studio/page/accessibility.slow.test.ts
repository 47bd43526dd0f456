import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serializeModel } from '../../../src/onnx/index.ts';
import { violations } from '../../support/axe.ts';
import { hasChromium } from '../../support/chromium.ts';
import { maskedNetwork } from '../../support/masked-network.ts';
import { recordedRun } from '../../support/studio.ts';
import { openStudioBrowser } from '../../support/studio-page.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(!hasChromium)('axe finds nothing (needs Chromium)', () => {
  /** The studio with a folder of one run, and a model to open. */
  async function openTab(scheme: 'light' | 'dark') {
    const folder = temporaryFolder();
    const model = join(folder, 'masked.onnx');
    recordedRun(join(folder, 'base'));
    writeFileSync(model, serializeModel(maskedNetwork()));
    const browser = await openStudioBrowser(folder);
    onTestFinished(() => browser.close());
    return { tab: await browser.open({ scheme }), model };
  }

  const views = ['Look', 'Prune', 'Transform', 'Measure', 'Runs'];
  const parts = ['Layers', 'Channel groups', 'Residual connections', 'Filter shapes', 'Graph'];

  it.each(['light', 'dark'] as const)('in the views, in %s colours', async (scheme) => {
    const { tab, model } = await openTab(scheme);
    const found: string[] = [];
    const look = async (place: string) => {
      await tab.page.waitForFunction(`!document.querySelector('main').textContent.includes('Loading')`);
      found.push(...(await violations(tab.page)).map((each) => `${place}: ${each}`));
    };
    for (const view of views) {
      await tab.tab(view);
      await look(`${view}, nothing open`);
    }
    await tab.choose(model);
    await tab.text('.facts div', 'MACs');
    for (const part of parts) {
      await tab.tab(part);
      await look(part);
    }
    for (const view of views.slice(1)) {
      await tab.tab(view);
      await look(view);
    }
    expect(found).toEqual([]);
  });
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { storePreprocessing } from '../../../src/data/preprocessing.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { networkCost } from '../../../src/measure/macs.ts';
import { buildModel } from '../../../src/models/index.ts';
import { parseModel, serializeModel } from '../../../src/onnx/index.ts';
import { defaultChoice, type PruneChoice } from '../../../studio/engine/prune/choice.ts';
import { violations } from '../../support/axe.ts';
import { hasChromium } from '../../support/chromium.ts';
import { yolo } from '../../support/dense-prediction.ts';
import { writeImageFolder } from '../../support/image-folder.ts';
import { relativeError } from '../../support/relative-error.ts';
import { outputOf } from '../../support/run-graph.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { openStudioBrowser, type StudioBrowser, type StudioPage } from '../../support/studio-page.ts';
import { inputOf, maskedOriginal } from '../../support/studio-session.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(!hasChromium)('steps on the page (needs Chromium)', () => {
  let browser: StudioBrowser;
  beforeAll(async () => {
    browser = await openStudioBrowser();
  });
  afterAll(() => browser.close());

  /** The page with a dropped network. */
  async function opened(network: Graph) {
    const folder = temporaryFolder();
    const bytes = serializeModel(network);
    writeFileSync(join(folder, 'dropped.onnx'), bytes);
    const tab = await browser.open();
    onTestFinished(() => tab.page.close());
    await tab.drop(join(folder, 'dropped.onnx'));
    await tab.text('.facts div', 'MACs');
    return { tab, bytes };
  }

  const click = (tab: StudioPage, label: string) =>
    tab.page.locator(`::-p-aria([name="${label}"][role="button"])`).setTimeout(120_000).click();

  /** Downloads the file of a button. */
  async function taken(tab: StudioPage, label: string): Promise<Uint8Array> {
    const folder = temporaryFolder();
    const session = await tab.page.createCDPSession();
    await session.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      downloadPath: folder,
      eventsEnabled: true,
    });
    const finished = new Promise<void>((resolve) => {
      session.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve());
    });
    await click(tab, `Download the ${label}`);
    await finished;
    const [name] = readdirSync(folder);
    return new Uint8Array(readFileSync(join(folder, name!)));
  }

  /** Sets the slider, waits for the plan, and prunes. */
  async function pruneTo(tab: StudioPage, percent: number): Promise<string> {
    await tab.tab('Prune');
    await tab.page.waitForSelector('.bar');
    await tab.page.evaluate(`{
      const slider = document.querySelector('input[type=range]');
      slider.value = ${percent};
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }`);
    await click(tab, 'Prune and verify');
    return tab.text('.outcome', `prune to ${percent}`);
  }

  const half: PruneChoice = { ...defaultChoice, target: { measure: 'macs', fraction: 0.5 } };

  async function differenceOf(made: Uint8Array, expected: Graph): Promise<number> {
    const input = inputOf(expected, 1);
    return relativeError(await outputOf(parseModel(made), input), await outputOf(expected, input));
  }

  it('keeps the text of a number while it is typed', async () => {
    const { tab } = await opened(residualNetwork());
    await tab.tab('Prune');
    await tab.page.waitForSelector('.bar');
    await tab.page.locator('.controls summary').click();
    const field = await tab.page.waitForSelector(
      '::-p-xpath(//label[contains(., "Smallest fraction")]//input)',
    );
    await field!.click({ count: 3 });
    await field!.type('0.05', { delay: 50 });
    expect(await field!.evaluate(({ value }) => value)).toBe('0.05');
    expect(tab.problems).toEqual([]);
  });

  it('ResNet-18 is pruned to half and verified, compiled and downloaded; undo gives its bytes', async () => {
    const network = buildModel('resnet18');
    const { tab, bytes } = await opened(network);
    expect(await pruneTo(tab, 50)).toMatch(/equal to the masked network .* within a relative error of \d/);
    const small = await taken(tab, '.onnx of prune to 50 % of the MACs');
    expect(networkCost(parseModel(small)).macs).toBeLessThanOrEqual(0.5 * networkCost(network).macs);
    expect(await differenceOf(small, await maskedOriginal(network, half))).toBeLessThan(1e-3);

    const zip = unzipSync(await taken(tab, 'compiled .zip of prune to 50 % of the MACs'));
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(zip))
      writeFileSync(join(folder, name.split('/').at(-1)!), content);
    const { load } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'model.js')).href);
    const compiled = await load();
    const input = inputOf(network, 1);
    const [values] = Object.values(compiled.inputs) as Float32Array[];
    values!.set(input.data);
    compiled.run();
    const [scores] = Object.values(compiled.outputs) as Float32Array[];
    expect(relativeError(scores!, await outputOf(parseModel(small), input))).toBeLessThan(1e-3);

    expect(new TextDecoder().decode(await taken(tab, 'report of prune to 50 % of the MACs'))).toContain(
      'Layer by layer',
    );
    await click(tab, 'Undo');
    await tab.text('.history .undone', 'prune to 50');
    expect(Buffer.compare(await taken(tab, '.onnx of dropped'), bytes)).toBe(0);
    expect(tab.problems).toEqual([]);
  });

  it('a YOLO is pruned to half and verified', async () => {
    const network = yolo();
    const { tab } = await opened(network);
    await pruneTo(tab, 50);
    const small = await taken(tab, '.onnx of prune to 50 % of the MACs');
    expect(await differenceOf(small, await maskedOriginal(network, half))).toBeLessThan(1e-3);
  });

  it('the costs of removing residual connections are counted, and they are removed; every layer is then pruned, and both steps are undone', async () => {
    const network = residualNetwork({ width: 32 });
    const { tab, bytes } = await opened(network);
    await tab.tab('Transform');
    await click(tab, 'Count costs');
    expect(await tab.text('tbody tr', 'block.add')).toMatch(/identity\+[\d.]+ [kM]?MACs/);
    expect(await violations(tab.page)).toEqual([]);
    await click(tab, 'Remove block.add');
    expect(await tab.text('.outcome', 'remove residual')).toContain('equal to the version before');
    const plain = await taken(tab, '.onnx of remove residual connection block.add');
    expect(parseModel(plain).nodes.map(({ op }) => op)).not.toContain('Add');
    expect(await differenceOf(plain, network)).toBeLessThan(1e-4);
    await pruneTo(tab, 50);
    const small = await taken(tab, '.onnx of prune to 50 % of the MACs');
    expect(await differenceOf(small, await maskedOriginal(parseModel(plain), half))).toBeLessThan(1e-3);
    await click(tab, 'Undo');
    await click(tab, 'Undo');
    await tab.text('.history .undone', 'remove residual');
    expect(Buffer.compare(await taken(tab, '.onnx of dropped'), bytes)).toBe(0);
  });

  it('images calibrate, recover and show where the outputs differ most', async () => {
    const network = residualNetwork({ size: 16, width: 16 });
    storePreprocessing(network, { height: 16, width: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
    const folder = temporaryFolder();
    await writeImageFolder(folder, { count: 24, size: 16, classes: 1, seed: 1 });
    const pictures = readdirSync(join(folder, 'train/class0')).map((name) =>
      join(folder, 'train/class0', name),
    );
    const { tab } = await opened(network);
    await tab.tab('Prune');
    await tab.drop(...pictures);
    await tab.text('.images', '24 images are in use');
    await tab.page.locator('::-p-aria([name="Criterion"][role="combobox"])').fill('apoz');
    expect(await pruneTo(tab, 50)).toContain('equal to the masked network');
    await click(tab, 'Compare');
    expect(await tab.text('.lead', 'over 24 images')).toContain('The same class for');
    const shown = await tab.page.$$eval('.worst img', (images) => images.length);
    expect(shown).toBe(12);
    expect(await violations(tab.page)).toEqual([]);
    expect(tab.problems).toEqual([]);
  });
});

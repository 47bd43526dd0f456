import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { compileToWebAssembly } from '../../../src/compile/compile.ts';
import { compiledFiles } from '../../../src/compile/folder/files.ts';
import { inspectNetwork } from '../../../src/inspection/inspect.ts';
import { costs } from '../../../src/measure/macs.ts';
import { buildModel } from '../../../src/models/index.ts';
import { formatMacs } from '../../../src/numeric/quantities.ts';
import { serializeModel } from '../../../src/onnx/index.ts';
import { writeModelFile } from '../../../src/onnx/model-file.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { hasChromium } from '../../support/chromium.ts';
import { maskedNetwork } from '../../support/masked-network.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { recordedRun } from '../../support/studio.ts';
import { openStudioBrowser, type StudioBrowser, type StudioPage } from '../../support/studio-page.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(!hasChromium)('Look (needs Chromium)', () => {
  let browser: StudioBrowser;
  beforeAll(async () => {
    browser = await openStudioBrowser();
  });
  afterAll(() => browser.close());

  async function opened(): Promise<StudioPage> {
    const tab = await browser.open();
    onTestFinished(() => tab.page.close());
    return tab;
  }

  /** Writes bytes to a new file. */
  function fileOf(bytes: Uint8Array | string, name = 'model.onnx'): string {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, bytes);
    return path;
  }

  const factOf = (tab: StudioPage, name: string) => tab.text('.facts div', name);

  it('shows what inspect prints of a dropped ResNet-18', async () => {
    const network = buildModel('resnet18');
    const tab = await opened();
    await tab.drop(fileOf(serializeModel(network), 'resnet18.onnx'));
    const facts = await inspectNetwork(network, { executor: onnxruntime });
    const digits = async (name: string) => (await factOf(tab, name)).replaceAll('\u202f', '');
    expect(await digits('MACs')).toContain(`${facts.macs}`);
    expect(await digits('Parameters')).toContain(`${facts.parameters}`);
    expect(await factOf(tab, 'Channel groups')).toContain(`${facts.groups.length}1 cannot be pruned`);
    await tab.tab('Layers');
    await tab.text('tbody tr', 'Conv');
    expect(await tab.page.$$eval('tbody tr', (rows) => rows.length)).toBe(facts.layers.length);
    await tab.tab('Residual connections');
    await tab.text('caption', 'Residual');
    expect(await tab.page.$$eval('tbody tr', (rows) => rows.length)).toBe(facts.residuals.length);
    expect(tab.problems).toEqual([]);
  });

  it('takes a file that is dropped on what is drawn during the drag', async () => {
    const tab = await opened();
    await tab.page.evaluate(`addEventListener('dragenter', () => {
      const cover = document.createElement('div');
      cover.style = 'position: fixed; inset: 0';
      document.querySelector('.page').append(cover);
      cover.addEventListener('drop', () => cover.remove());
    })`);
    await tab.drop(fileOf(serializeModel(plainNetwork())));
    await factOf(tab, 'MACs');
    expect(tab.problems).toEqual([]);
  });

  it('asks for nothing but its own files', async () => {
    const tab = await opened();
    await tab.drop(fileOf(serializeModel(plainNetwork())));
    await factOf(tab, 'MACs');
    await tab.tab('Filter shapes');
    await tab.text('.lead', 'No convolution has a zero stripe');
    const foreign = tab.requests.filter((url) => !url.startsWith(`${browser.studio.url}/`));
    expect(foreign).toEqual([]);
    const sent = await tab.page.evaluate(`fetch('https://example.org').then(() => 'sent', () => 'refused')`);
    expect(sent).toBe('refused');
  });

  it('reads external data from the files beside the model', async () => {
    const folder = temporaryFolder();
    const network = buildModel('resnet20');
    writeModelFile(network, join(folder, 'model.onnx'), { externalData: 'always' });
    const tab = await opened();
    await tab.drop(join(folder, 'model.onnx'));
    expect(await tab.text('.failure')).toContain('drop that file together with the model');
    await tab.drop(folder);
    expect(await factOf(tab, 'MACs')).toContain(formatMacs(costs(network).macs));
  });

  it('shows the shapes of filters with zero stripes', async () => {
    const tab = await opened();
    await tab.choose(fileOf(serializeModel(maskedNetwork())));
    await tab.tab('Filter shapes');
    expect(await tab.text('.shape-card', 'conv1')).toContain('48 filters, 3 removed');
  });

  it('shows the kernels of a compiled folder', async () => {
    const folder = temporaryFolder();
    const compiled = await compileToWebAssembly(plainNetwork(), { executor: onnxruntime });
    for (const [name, contents] of Object.entries(compiledFiles(compiled))) {
      writeFileSync(join(folder, name), contents);
    }
    const tab = await opened();
    await tab.drop(folder);
    expect(await factOf(tab, 'MACs')).toContain(formatMacs(costs(plainNetwork()).macs));
    await tab.text('tbody tr', 'conv1');
    writeFileSync(join(folder, 'report.json'), '{');
    await tab.drop(folder);
    expect(await tab.text('[role=alert] p')).toContain('report.json: is not JSON');
  });

  it('shows what the folder of a run contains', async () => {
    const folder = join(temporaryFolder(), 'base');
    recordedRun(folder);
    const tab = await opened();
    await tab.drop(folder);
    expect(await factOf(tab, 'Command')).toContain('espalier swp');
    await tab.text('caption', 'Result');
  });

  it('finds nodes by search, follows edges by keys, and tells screen readers the selected node', async () => {
    const tab = await opened();
    await tab.choose(fileOf(serializeModel(plainNetwork())));
    await tab.page.locator('input[type=search]').fill('conv2');
    await tab.text('.details', 'conv2');
    await tab.page.locator('[role=application]').click({ offset: { x: 4, y: 4 } });
    await tab.page.keyboard.press('Home');
    await tab.text('.drawing [role=status]', 'Input');
    await tab.page.keyboard.press('ArrowDown');
    await tab.text('.drawing [role=status]', 'Conv, conv1');
    await tab.page.keyboard.press('ArrowUp');
    await tab.text('.drawing [role=status]', 'Input');
    await tab.page.keyboard.press('Escape');
    await tab.text('.details', 'Select a node');
  });

  it('moves from tab to tab by keys', async () => {
    const tab = await opened();
    await tab.page.focus('[role=tab]');
    await tab.page.keyboard.press('ArrowLeft');
    await tab.text('[role=tab][aria-selected=true]', 'Runs');
    await tab.page.keyboard.press('Home');
    await tab.text('[role=tab][aria-selected=true]', 'Look');
  });

  const whole = serializeModel(plainNetwork());
  it.each([
    ['an empty file', new Uint8Array(), 'is empty'],
    ['text', 'not a model', 'is not an ONNX model'],
    ['half a file', whole.subarray(0, whole.length >> 1), 'is not an ONNX model, or is damaged'],
  ])('tells what is wrong with %s, and keeps what is open', async (_, bytes, message) => {
    const tab = await opened();
    await tab.choose(fileOf(serializeModel(plainNetwork())));
    await factOf(tab, 'MACs');
    await tab.choose(fileOf(bytes));
    expect(await tab.text('[role=alert] p')).toContain(message);
    await factOf(tab, 'MACs');
  });

  it('refuses files over 2 GB before it reads them, and files without a network', async () => {
    const tab = await opened();
    const huge = fileOf('');
    truncateSync(huge, 3e9);
    await tab.choose(huge);
    expect(await tab.text('[role=alert] p')).toContain('expected at most 2 GB, found 3.0 GB');
    await tab.choose(fileOf('{}', 'notes.json'));
    expect(await tab.text('[role=alert] p', 'onnx')).toContain('expected an .onnx file, found notes.json');
  });

  it('says that the worker has ended, and opens the file again', async () => {
    const tab = await opened();
    await tab.choose(fileOf(serializeModel(plainNetwork())));
    await factOf(tab, 'MACs');
    await tab.page.workers()[0]!.close();
    expect(await tab.text('[role=alert] p')).toContain('has ended unexpectedly');
    await tab.page.locator('button.primary').click();
    await factOf(tab, 'MACs');
  });

  it('keeps what it has read when the file is replaced, and does not mix both', async () => {
    const tab = await opened();
    const path = fileOf(serializeModel(maskedNetwork()));
    await tab.choose(path);
    await factOf(tab, 'MACs');
    writeFileSync(path, serializeModel(plainNetwork()));
    await tab.tab('Filter shapes');
    await tab.text('.shape-card', 'conv1');
    await tab.page.workers()[0]!.close();
    await tab.page.locator('button.primary').click();
    expect(await tab.text('[role=alert] p', 'model.onnx')).toContain('it has changed or is gone');
  });
});

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { serializeModel } from '../../../src/onnx/index.ts';
import { hasChromium } from '../../support/chromium.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { openStudioBrowser, type StudioBrowser, type StudioPage } from '../../support/studio-page.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.skipIf(!hasChromium)('Measure (needs Chromium)', () => {
  let browser: StudioBrowser;
  beforeAll(async () => {
    browser = await openStudioBrowser();
  });
  afterAll(() => browser.close());

  /** A tab that is about to measure a network; served at another address if one is given. */
  async function measuring(address?: string): Promise<StudioPage> {
    const model = join(temporaryFolder(), 'plain.onnx');
    writeFileSync(model, serializeModel(plainNetwork({ size: 64 })));
    const tab = await browser.open();
    onTestFinished(() => tab.page.close());
    if (address) await tab.page.goto(address);
    await tab.choose(model);
    await tab.text('.facts div', 'MACs');
    await tab.tab('Measure');
    await tab.text('legend', 'Versions');
    return tab;
  }

  const set = async (tab: StudioPage, label: string, value: string) => {
    const input = await tab.page.waitForSelector(`::-p-xpath(//label[contains(., "${label}")]//input)`);
    await input!.click({ count: 3 });
    await input!.type(value);
  };

  const press = (tab: StudioPage, label: string) =>
    tab.page.locator(`::-p-xpath(//button[not(@role)][. = "${label}"])`).click();

  it('measures onnxruntime-web and compiled on the chosen threads, and draws both with their spread', async () => {
    const tab = await measuring();
    await set(tab, 'Threads', '2');
    await set(tab, 'Seconds', '0.5');
    await press(tab, 'Measure');
    expect(await tab.text('.latencies > p.quiet')).toMatch(/on 2 threads, in \d+ alternating rounds/);
    const rows = await tab.page.$$eval('.latencies tbody tr', (found) =>
      found.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    expect(rows.map(([name]) => name)).toEqual(['plain, onnxruntime-web', 'plain, compiled']);
    for (const [, median, low, high] of rows) {
      const [a, b, c] = [low, median, high].map((text) => Number.parseFloat(text!));
      expect(a! > 0 && a! <= b! && b! <= c!).toBe(true);
    }
    expect(await tab.text('.latencies dd')).toMatch(/as fast \(|no measurable difference \(/);
    expect(await tab.page.$$eval('.latencies svg[role=img] rect', (bars) => bars.length)).toBeGreaterThan(1);
    expect(tab.problems).toEqual([]);
  });

  it('is cancelled, and measures again', async () => {
    const tab = await measuring();
    await set(tab, 'Seconds', '60');
    await press(tab, 'Measure');
    await tab.text('.progress label', 'Measuring');
    await press(tab, 'Cancel');
    await tab.page.waitForSelector('.progress', { hidden: true });
    expect(await tab.page.$('.failure')).toBeNull();
    await set(tab, 'Seconds', '0.5');
    await press(tab, 'Measure');
    expect(await tab.text('.latencies > p.quiet')).toContain('on one thread');
  });

  it('says that it has one thread where the page is served without the headers for more', async () => {
    const bare = await withoutIsolation(browser.studio.url);
    const tab = await measuring(bare);
    expect(await tab.text('.remark')).toContain('not cross-origin isolated');
    expect(await tab.page.$eval('input[type=number]', (input) => input.getAttribute('max'))).toBe('1');
    await set(tab, 'Seconds', '0.5');
    await press(tab, 'Measure');
    expect(await tab.text('.latencies > p.quiet')).toContain('on one thread');
    expect(await tab.page.$$eval('.latencies tbody tr', (rows) => rows.length)).toBe(2);
  });
});

/** Serves what another server serves, without its headers except the type. */
async function withoutIsolation(url: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const { headers, body, status } = await fetch(new URL(request.url ?? '/', url));
    response.writeHead(status, { 'Content-Type': headers.get('Content-Type') ?? '' });
    for await (const chunk of body ?? []) response.write(chunk);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}

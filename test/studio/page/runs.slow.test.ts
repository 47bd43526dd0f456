import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { violations } from '../../support/axe.ts';
import { hasChromium } from '../../support/chromium.ts';
import { events } from '../../support/run-record.ts';
import { recordedRun } from '../../support/studio.ts';
import { openStudioBrowser } from '../../support/studio-page.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const espalier = fileURLToPath(new URL('../../support/recorded-espalier.ts', import.meta.url));

/** The view of the runs of a folder. */
async function opened(folder?: string, width = 1280) {
  const browser = await openStudioBrowser(folder, [process.execPath, '--import', 'tsx', espalier]);
  onTestFinished(() => browser.close());
  const { page, tab, problems } = await browser.open({ width });
  await tab('Runs');
  return { page, problems, token: browser.studio.token! };
}

/** Waits for a text in the view. */
const until = (page: Page, text: RegExp) =>
  page.waitForFunction(`${text}.test(document.querySelector('main').innerText)`, { timeout: 60_000 });

const press = (page: Page, name: string) => page.locator(`aria/${name}[role="button"]`).click();

describe.skipIf(!hasChromium)('the view of runs (needs Chromium)', () => {
  it('shows new epochs of a run that grows, its charts and its filter shapes', async () => {
    const folder = temporaryFolder();
    const run = recordedRun(join(folder, 'growing'), 2);
    const { page, problems } = await opened(folder);
    await until(page, /epoch 2 of 8/);
    await press(page, 'growing');
    await until(page, /Loss.*MACs kept/s);
    for (const event of events().slice(2, 5)) run.record(event);
    await until(page, /epoch 5 of 8/);
    for (const event of events().slice(5)) run.record(event);
    await until(page, /finished.*Filter shapes/s);
    expect(await page.$$eval('.shape-card', (cards) => cards.length)).toBe(19);
    expect(await page.$$eval('.chart svg', (charts) => charts.length)).toBeGreaterThan(2);
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('compares runs by cost and accuracy', async () => {
    const folder = temporaryFolder();
    for (const name of ['first', 'second']) recordedRun(join(folder, name));
    const { page, problems } = await opened(folder);
    for (const name of ['first', 'second']) await page.locator(`input[aria-label="Show ${name}"]`).click();
    await until(page, /Comparison of 2 runs.*first, before.*Pareto front.*Accuracy by epoch/s);
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('starts, stops and resumes a run, but not without the token', async () => {
    const { page, token } = await opened(temporaryFolder());
    await until(page, /no runs in this folder/);
    await page.locator('aria/Start a run').click();
    await page.locator('input[name=folder]').fill('mine');
    await press(page, 'Start');
    await page.waitForSelector('[role=alert] p');
    expect(await page.$eval('[role=alert]', (alert) => alert.textContent)).toContain(
      'expected the token that espalier studio has printed',
    );
    expect(await violations(page)).toEqual([]);
    await page.locator('form input[type=password]').fill(token);
    await press(page, 'Start');
    await until(page, /mine.*running.*epoch 2 of 8/s);
    await press(page, 'Stop');
    await until(page, /mine.*stopped/s);
    await press(page, 'Resume');
    await until(page, /running.*epoch 4 of 8/s);
    expect(await page.$('[role=alert] p')).toBeNull();
  });

  it('opens the report of a run, which has no script', async () => {
    const folder = temporaryFolder();
    recordedRun(join(folder, 'a b', 'done'));
    const { page } = await opened(folder);
    await press(page, 'a b/done');
    await page.waitForSelector('a.button');
    await page.goto((await page.evaluate("document.querySelector('a.button').href")) as string);
    expect(await page.title()).toContain('espalier swp');
    expect(await page.$$('script')).toEqual([]);
  });

  it('fits a phone, and says how to give it a folder', async () => {
    const folder = temporaryFolder();
    recordedRun(join(folder, 'a-run-with-a-long-name-that-does-not-fit-a-phone'));
    const { page } = await opened(folder, 390);
    await press(page, 'a-run-with-a-long-name-that-does-not-fit-a-phone');
    await until(page, /Filter shapes/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const { page: bare, problems } = await opened(undefined, 390);
    await until(bare, /espalier studio DIR/);
    expect(await violations(bare)).toEqual([]);
    expect(problems).toEqual([]);
  });
});

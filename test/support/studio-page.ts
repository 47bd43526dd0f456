import type { Browser, Page } from 'puppeteer-core';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import { openStudio, type Studio } from '../../src/studio/open-studio.ts';
import { builtStudio } from './built-studio.ts';

/** The built studio, served on this machine, and a browser. */
export interface StudioBrowser {
  readonly studio: Studio;
  /** Opens the page in a new tab. */
  open(look?: PageLook): Promise<StudioPage>;
  close(): Promise<void>;
}

export interface PageLook {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  /** Default: the page; else an address within it. */
  readonly path?: string;
}

/** A tab with the studio. */
export interface StudioPage {
  readonly page: Page;
  /** The addresses that the page and its worker have asked for. */
  readonly requests: readonly string[];
  /** What the page has logged, and exceptions that nothing has caught. */
  readonly problems: readonly string[];
  /** Opens files by the button. */
  choose(...paths: string[]): Promise<void>;
  /** Drops files or folders on the page. */
  drop(...paths: string[]): Promise<void>;
  /** Clicks the tab with a title: a view, or a part of it. */
  tab(title: string): Promise<void>;
  /** The text of the first element that matches and contains a text; waits for it. */
  text(selector: string, containing?: string): Promise<string>;
}

/** Opens the studio, with the runs of a folder if one is given; `commandLine` starts further runs. */
export async function openStudioBrowser(
  folder?: string,
  commandLine = [process.execPath, '-e', ''],
): Promise<StudioBrowser> {
  const controller = new AbortController();
  const studio = await openStudio({
    folder,
    port: 0,
    commandLine,
    page: await builtStudio(),
    signal: controller.signal,
  });
  const browser = await launchBrowser();
  return {
    studio,
    open: (look) => openPage(browser, studio.url, look),
    async close() {
      await browser.close();
      controller.abort();
      await studio.ended;
    },
  };
}

async function openPage(browser: Browser, url: string, look: PageLook = {}): Promise<StudioPage> {
  const { width = 1280, height = 900, scheme = 'light', path = '/' } = look;
  const page = await browser.newPage();
  const requests: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(url + path);
  await page.waitForSelector('input[type=file]');
  return {
    page,
    requests,
    problems,
    async choose(...paths) {
      const input = await page.waitForSelector('input[type=file]:not([webkitdirectory])');
      await input!.uploadFile(...paths);
    },
    drop: (...paths) => drop(page, paths),
    async tab(title) {
      await page.locator(`::-p-xpath(//button[@role="tab"][contains(., "${title}")])`).click();
    },
    async text(selector, containing = '') {
      const find = `[...document.querySelectorAll(${JSON.stringify(selector)})].map((each) => each.textContent).find((text) => text.includes(${JSON.stringify(containing)}))`;
      const found = await page.waitForFunction(find, { timeout: 60_000 });
      return String(await found.jsonValue());
    },
  };
}

async function drop(page: Page, files: readonly string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data });
  }
}

import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { EspalierError } from '../../errors.ts';

/** How to get what a browser needs. */
export const installHint =
  'run `npm install onnxruntime-web puppeteer-core` and install Chrome or Chromium (ESPALIER_CHROMIUM sets its path)';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

/** Where installers put browsers that are on no path. */
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Nothing is fetched, drawn on a graphics card or reported behind what is measured. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--no-default-browser-check',
  '--no-pings',
];

/** The browser of ESPALIER_CHROMIUM, or the first that is found by name; null where there is none. */
export function findBrowser(): string | null {
  const given = process.env.ESPALIER_CHROMIUM;
  if (given) return isFile(given) ? given : null;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name + suffix)));
  return [...onPath, ...places].find(isFile) ?? null;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/**
 * A headless Chromium with an empty profile of its own. It ends with this process, however that ends: they talk through a
 * pipe. Throws `unsupported`, saying what to install, and `runtime` where it does not start.
 */
export async function launchBrowser(): Promise<Browser> {
  const { launch } = await loadPuppeteer();
  const executablePath = findBrowser();
  if (executablePath === null) {
    const where = process.env.ESPALIER_CHROMIUM ?? 'chromium';
    throw new EspalierError('unsupported', `no such browser: ${installHint}`, { where });
  }
  try {
    return await launch({
      executablePath,
      pipe: true,
      protocolTimeout: 0,
      // Whoever is interrupted closes it.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      // The administrator's processes cannot have Chromium's sandbox; the page shows nothing from elsewhere.
      args: process.getuid?.() === 0 ? [...flags, '--no-sandbox'] : flags,
    });
  } catch (cause) {
    const reason = String((cause as Error).message).split('\n')[0]!;
    throw new EspalierError('runtime', `cannot be started: ${reason}`, { where: executablePath, cause });
  }
}

async function loadPuppeteer() {
  try {
    return await import('puppeteer-core');
  } catch (cause) {
    throw new EspalierError('unsupported', `not found: ${installHint}`, { where: 'puppeteer-core', cause });
  }
}

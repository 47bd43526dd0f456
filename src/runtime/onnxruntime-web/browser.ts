import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { EspalierError } from '../../errors.ts';

/** How to install what measuring in a browser needs. */
export const installHint =
  'run `npm install onnxruntime-web puppeteer-core` and install Chrome or Chromium (ESPALIER_CHROMIUM sets its path)';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

/** Locations of browsers that are not on the PATH. */
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Flags that disable downloads, the GPU and reports in the background. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--no-default-browser-check',
  '--no-pings',
];

/** The browser named by ESPALIER_CHROMIUM, else the first that is found by name; null if there is none. */
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
 * Starts a headless Chromium with an empty profile. It ends with this process in any case, since both communicate through a
 * pipe. Throws `unsupported`, naming what to install, if there is none, and `runtime` if it does not start.
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
      // The caller closes it when interrupted.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      // Chromium's sandbox does not work for root. The page loads nothing from elsewhere.
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

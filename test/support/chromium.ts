import { readdirSync, readFileSync } from 'node:fs';
import { findBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';

/** Whether a browser is installed here. */
export const hasChromium = findBrowser() !== null;

/** The command lines of processes that hold a word; what has ended but was not yet asked for has none. */
export function commandLinesWith(word: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return []; // has ended
      }
    })
    .filter((line) => line.includes(word));
}

import { spawn } from 'node:child_process';

/** By platform, the program that opens an address in the default browser; `xdg-open` elsewhere. */
const openers: { readonly [platform in NodeJS.Platform]?: readonly [string, ...string[]] } = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Opens an address in the default browser. `onFailure` is called if that is not possible. */
export function openBrowser(url: string, onFailure: () => void): void {
  const [program, ...words] = openers[process.platform] ?? ['xdg-open'];
  spawn(program, [...words, url], { stdio: 'ignore', detached: true })
    .once('error', onFailure)
    .once('exit', (code) => code === 0 || onFailure())
    .unref();
}

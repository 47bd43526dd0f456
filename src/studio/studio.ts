import * as v from 'valibot';
import { defineCommand } from '../commands/command.ts';
import { defaulted, flagSwitch, wholeNumber } from '../commands/flags.ts';
import { printableLine } from '../printable.ts';

const port = v.pipe(wholeNumber(0), v.maxValue(65_535, 'expected a port up to 65535'));

export const studio = defineCommand({
  name: 'studio',
  summary: 'serve a web page that shows, prunes and measures networks in the browser, until Ctrl-C',
  arguments: [
    { name: '[dir]', summary: 'a folder of runs, which the page lists, follows, starts and stops' },
  ],
  options: {
    port: defaulted('--port <n>', 'port of 127.0.0.1; 0: a free one', [port, 4600]),
    open: flagSwitch('--open', 'open the page in the default browser'),
  },
  examples: [
    ['espalier studio --open', 'look at networks, prune them and compare them; they stay on this machine'],
    ['espalier studio runs', 'also follow the runs below runs/, and start and stop them'],
  ],
  stopsCleanly: true,
  async run({ args: [folder], options }, { signal, note, warn }) {
    const { openStudio } = await import('./open-studio.ts');
    const { url, token, ended } = await openStudio({
      folder,
      port: options.port,
      commandLine: [process.execPath, ...process.execArgv, process.argv[1]!],
      signal,
      onNote: note,
    });
    if (options.open) {
      const { openBrowser } = await import('./open-browser.ts');
      openBrowser(url, () => warn(`no browser can be opened: open ${url}`));
    }
    const asks = token === null ? [] : [`token for starting and stopping runs: ${token}`];
    return {
      data: { url, folder: folder ?? null, token },
      text: [printableLine(`studio: ${url}`), ...asks, 'press Ctrl-C to stop'].join('\n'),
      ended,
    };
  },
});

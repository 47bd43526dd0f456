import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { EspalierError } from '../errors.ts';
import { serveOnLoopback } from '../loopback-server.ts';
import { type Answer, failure, respond, success, thrown } from './answers.ts';
import { pageFiles } from './page-files.ts';
import { openRuns } from './runs.ts';
import { answerRuns, type RunsApi } from './runs-api.ts';

export interface StudioOptions {
  /** The folder of runs; without it the page has no runs. */
  readonly folder?: string | undefined;
  /** 0: a free one. */
  readonly port: number;
  /** The program `espalier` and its first words, which start runs. */
  readonly commandLine: readonly string[];
  /** The built page. Default: the one of this package. */
  readonly page?: string;
  /** Stops the runs that the page has started, then the server. */
  readonly signal: AbortSignal;
  readonly onNote?: (line: string) => void;
}

export interface Studio {
  readonly url: string;
  /** What the page needs to start and stop runs; null without a folder. */
  readonly token: string | null;
  /** Settles once the signal has stopped the runs and the server. */
  readonly ended: Promise<void>;
}

/**
 * Serves the page of the studio on 127.0.0.1. Throws `missing-file` if the page is not built or the folder does not exist,
 * `io` if the port is in use.
 */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const { folder, port, commandLine, signal, onNote } = options;
  const files = pageFiles(options.page);
  const api: RunsApi | null =
    folder === undefined
      ? null
      : {
          runs: openRuns(existingFolder(folder), commandLine),
          token: randomBytes(16).toString('hex'),
        };
  const server = await serveOnLoopback((request, response) => {
    answerTo(request, { files, api })
      .catch(thrown)
      .then((answer) => respond(response, answer));
  }, port);
  const ended = aborted(signal).then(async () => {
    const stopped = (await api?.runs.stopAll()) ?? [];
    for (const path of stopped) onNote?.(`stopped: ${path}`);
    await server.close();
  });
  return { url: server.url, token: api?.token ?? null, ended };
}

function existingFolder(folder: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return resolve(folder);
  throw new EspalierError('missing-file', 'no such folder', { where: folder });
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });

interface Served {
  readonly files: ReadonlyMap<string, string>;
  readonly api: RunsApi | null;
}

async function answerTo(request: IncomingMessage, { files, api }: Served): Promise<Answer> {
  const { method = '', url: address = '' } = request;
  const url = parsedAddress(address);
  if (url === null) return failure(400, 'usage', 'not an address');
  const path = files.get(url.pathname);
  const isRead = method === 'GET' || method === 'HEAD';
  if (path !== undefined && isRead) return { kind: 'file', path };
  if (api === null && url.pathname === '/api/runs') return success({ folder: null, runs: [] });
  const answer = api ? await answerRuns(api, request, url) : null;
  if (answer) return answer;
  return isRead || path === undefined
    ? failure(404, 'missing-file', 'no such page')
    : failure(405, 'usage', `expected GET, found ${method}`);
}

/** null if an address or its escapes are malformed. */
function parsedAddress(address: string): URL | null {
  try {
    const url = new URL(address, 'http://127.0.0.1');
    decodeURIComponent(url.pathname);
    return url;
  } catch {
    return null;
  }
}

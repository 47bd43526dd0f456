import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStudio } from '../../src/studio/open-studio.ts';
import { createRunDirectory, type RunDirectory } from '../../src/training/run-directory.ts';
import { events, recipe } from './run-record.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The files of a made-up page. */
export function pageFolder(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Studio</title>');
  writeFileSync(join(folder, 'assets', 'ort.wasm'), 'wasm');
  writeFileSync(join(folder, 'assets', 'ort.mjs'), 'export {};');
  return folder;
}

/** A studio that ends with the test. */
export async function openedStudio(options: { folder?: string; commandLine?: readonly string[] } = {}) {
  const controller = new AbortController();
  const studio = await openStudio({
    ...{ port: 0, page: pageFolder(), commandLine: [process.execPath, '-e', ''] },
    ...options,
    signal: controller.signal,
  });
  onTestFinished(async () => {
    controller.abort();
    await studio.ended;
  });
  return { ...studio, ask: asking(studio.url), token: studio.token ?? '' };
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Sends requests as they are: paths are not normalised, and every header can be set. */
export const asking =
  (url: string) =>
  (path: string, { method = 'GET', headers = {}, body = '' }: Asked = {}): Promise<Told> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      request({ hostname, port, path, method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      })
        .on('error', reject)
        .end(body);
    });

/** A run in a folder, with the recipe and events of a made-up run of stripe-wise pruning; `count` of the events. */
export function recordedRun(folder: string, count = Number.POSITIVE_INFINITY): RunDirectory {
  const run = createRunDirectory(folder, recipe);
  for (const event of events().slice(0, count)) run.record(event);
  return run;
}

import { type FSWatcher, watch } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Runs } from './runs.ts';

/** Milliseconds between two readings of the folders, which find changes that the system does not report. */
const POLL_MS = 1000;
/** Changes within so many milliseconds are sent together. */
const SETTLE_MS = 100;
/** Milliseconds between comments that keep the connection open. */
const ALIVE_MS = 15_000;

/**
 * Sends the list of runs (event `runs`) and the record of each followed run (event `run`) at once, and again whenever they
 * change, until the client disconnects.
 */
export function sendLive(response: ServerResponse, runs: Runs, followed: readonly string[]): void {
  const sent = new Map<string, string>();
  const send = (key: string, event: string, data: unknown) => {
    const text = JSON.stringify(data);
    if (sent.get(key) === text) return;
    sent.set(key, text);
    response.write(`event: ${event}\ndata: ${text}\n\n`);
  };
  const look = onceAtATime(async () => {
    send('', 'runs', await runs.list());
    for (const id of followed) {
      const details = await runs.details(id).catch(() => null);
      if (details) send(`run ${id}`, 'run', details);
    }
  });
  const watchers: FSWatcher[] = [];
  let settling: NodeJS.Timeout | undefined;
  const onChange = () => {
    settling ??= setTimeout(() => {
      settling = undefined;
      look();
    }, SETTLE_MS);
  };
  const timers = [setInterval(look, POLL_MS), setInterval(() => response.write(': alive\n\n'), ALIVE_MS)];
  let isOpen = true;
  response.once('close', () => {
    isOpen = false;
    for (const timer of [...timers, settling]) clearInterval(timer);
    for (const watcher of watchers) watcher.close();
  });
  for (const id of followed) {
    void runs.folderOf(id).then(
      (folder) => isOpen && watchers.push(...watching(folder, onChange)),
      () => {},
    );
  }
  look();
}

/** The watcher of a folder; none if the system does not support it. */
function watching(folder: string, onChange: () => void): FSWatcher[] {
  try {
    return [watch(folder, onChange).on('error', () => {})];
  } catch {
    return [];
  }
}

/** Runs a function one call at a time: calls during a run cause one more run after it. */
function onceAtATime(run: () => Promise<void>): () => void {
  let isBusy = false;
  let isAsked = false;
  const start = async () => {
    isBusy = true;
    while (isAsked) {
      isAsked = false;
      await run().catch(() => {});
    }
    isBusy = false;
  };
  return () => {
    isAsked = true;
    if (!isBusy) void start();
  };
}

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EspalierError } from '../errors.ts';
import { fileError, removeStalePartials } from '../files.ts';
import { isRunning, startOf } from '../process-start.ts';

/** Who is at a run: `run.lock` in its folder. */
interface Owner {
  readonly pid: number;
  /** When the process started, so that another of the same number is not taken for it; null where the system does not say. */
  readonly start: string | null;
  readonly host: string;
}

const held = new Map<string, number>();

/** How long the process of a run that was killed may take to end: training processes notice after a step. */
const PATIENCE = 10_000;
const LOOK = 100;

/**
 * Holds the folder of a run for this process until it is released, or the process ends; makes the folder, and removes what
 * killed processes left half-written in it. A lock whose process is gone is taken over. Throws `usage` where another process
 * that runs holds it.
 */
export async function holdRun(folder: string, patience = 0): Promise<() => void> {
  const path = resolve(folder);
  const count = held.get(path) ?? 0;
  if (count === 0) await take(path, Date.now() + patience);
  held.set(path, (held.get(path) ?? 0) + 1);
  let released = false;
  return () => {
    if (!released) letGo(path);
    released = true;
  };
}

/** Releases every folder that this process holds at a path or below it. */
export function releaseBelow(folder: string): void {
  const root = resolve(folder);
  for (const path of held.keys()) {
    if (path !== root && !path.startsWith(join(root, '/'))) continue;
    held.set(path, 1);
    letGo(path);
  }
}

/** What training processes wait for one that has lost its parent. */
export const patientlyHoldRun = (folder: string): Promise<() => void> => holdRun(folder, PATIENCE);

async function take(path: string, deadline: number): Promise<void> {
  const file = join(path, 'run.lock');
  const me: Owner = { pid: process.pid, start: startOf(process.pid), host: hostname() };
  try {
    mkdirSync(path, { recursive: true });
    for (;;) {
      if (created(file, `${JSON.stringify(me)}\n`)) break;
      const owner = ownerIn(file);
      if (owner === null || !isAtWork(owner) || isMe(owner)) rmSync(file, { force: true });
      else if (Date.now() > deadline) throw refusal(path, owner);
      else await setTimeout(LOOK);
    }
  } catch (cause) {
    throw fileError(cause, path);
  }
  if (held.size === 0) process.once('exit', () => [...held.keys()].forEach((each) => letGo(each, true)));
  removeStalePartials(path);
}

function created(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/** Null where the file is gone, or was cut off when the machine went down. */
function ownerIn(file: string): Owner | null {
  try {
    const { pid, start, host } = JSON.parse(readFileSync(file, 'utf8')) as Owner;
    return Number.isSafeInteger(pid) ? { pid, start, host } : null;
  } catch {
    return null;
  }
}

/** On another machine nobody can look: it is taken at its word. */
const isAtWork = ({ pid, start, host }: Owner): boolean =>
  host !== hostname() || (isRunning(pid) && (start === null || startOf(pid) === start));

const isMe = ({ pid, host }: Owner): boolean => pid === process.pid && host === hostname();

function refusal(path: string, { pid, host }: Owner): EspalierError {
  const who = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  const message = `${who} is at this run: wait until it ends, or choose another folder with --out`;
  const elsewhere = host === hostname() ? '' : '; where that process is gone, remove run.lock';
  return new EspalierError('usage', message + elsewhere, { where: path });
}

function letGo(path: string, altogether = false): void {
  const count = held.get(path);
  if (count === undefined) return;
  if (count > 1 && !altogether) {
    held.set(path, count - 1);
    return;
  }
  held.delete(path);
  rmSync(join(path, 'run.lock'), { force: true });
}

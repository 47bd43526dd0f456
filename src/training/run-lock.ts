import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EspalierError } from '../errors.ts';
import { fileError, removeStalePartials } from '../files.ts';
import { isRunning, processStart } from '../process-start.ts';

/**
 * Who is at a run. Each process has a lock file of its own, `run.lock.HOST.PID.START`: none is ever taken over, so that of two
 * processes that find a stale one at the same time no more than one holds the folder.
 */
interface Owner {
  readonly pid: number;
  /** When the process started, hashed, so that another of the same number is not taken for it; `0` where the system does not say. */
  readonly start: string;
  readonly host: string;
}

/** How many of this process hold a folder. */
const held = new Map<string, number>();
const taking = new Map<string, Promise<void>>();
/** Whether the folders that are held when the process ends will be released. */
let watchesExit = false;

/** How long the process of a run that was killed may take to end: training processes notice after a step. */
const PATIENCE = 10_000;
const LOOK = 100;
/** How often, and after how many milliseconds at most, a claim that met another is repeated. */
const [CLAIMS, PAUSE] = [200, 30];

/**
 * Holds the folder of a run for this process until it is released, or the process ends; makes the folder, and removes what
 * killed processes left half-written in it. A lock whose process is gone is taken over. Throws `usage` where another process
 * that runs holds it.
 */
export async function holdRun(folder: string, patience = 0): Promise<() => void> {
  const path = resolve(folder);
  if (!held.has(path)) await takeOnce(path, patience);
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

/** Several of this process that ask at the same time take the folder once. */
async function takeOnce(path: string, patience: number): Promise<void> {
  const pending = taking.get(path) ?? take(path, Date.now() + patience);
  taking.set(path, pending);
  await pending.finally(() => taking.delete(path));
}

async function take(path: string, deadline: number): Promise<void> {
  const me = ownerOf(process.pid);
  try {
    mkdirSync(path, { recursive: true });
    for (let claims = 0; ; claims++) {
      const blocking = claim(path, me);
      if (blocking === null) break;
      const { owner, holds } = blocking;
      if (holds ? Date.now() > deadline : claims > CLAIMS) throw refusal(path, owner);
      // Two that claim at the same time both withdraw: they come back at different times.
      await setTimeout(holds ? LOOK : 1 + Math.random() * PAUSE);
    }
  } catch (cause) {
    throw fileError(cause, path);
  }
  if (!watchesExit) process.once('exit', () => [...held.keys()].forEach((each) => letGo(each, true)));
  watchesExit = true;
  removeStalePartials(path);
  removeStaleLocksBelow(path);
}

/** Those of the steps of a run, whose process was that of the run. */
function removeStaleLocksBelow(path: string): void {
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    const owner = ownerIn(basename(name));
    if (owner !== null && !isAtWork(owner)) rmSync(join(path, name), { force: true });
  }
}

interface Lock {
  readonly owner: Owner;
  /** A claim is an empty file: its process is still looking whether there are others. */
  readonly holds: boolean;
}

/**
 * Writes the lock of a process, and only then looks for others: of two that do so at the same time at least one sees the
 * other. Withdraws it and returns who is there, where somebody is.
 */
function claim(path: string, me: Owner): Lock | null {
  const file = join(path, nameOf(me));
  writeFileSync(file, '');
  const others = livingLocks(path, me);
  if (others.length === 0) {
    writeFileSync(
      file,
      `${JSON.stringify({ pid: me.pid, host: me.host, since: new Date().toISOString() })}\n`,
    );
    return null;
  }
  rmSync(file, { force: true });
  return others.find(({ holds }) => holds) ?? others[0]!;
}

/** The locks of other processes that run, held ones and claims; those of processes that are gone are removed. */
function livingLocks(path: string, me: Owner): Lock[] {
  return readdirSync(path).flatMap((name) => {
    const owner = ownerIn(name);
    if (owner === null || nameOf(owner) === nameOf(me)) return [];
    const file = join(path, name);
    if (isAtWork(owner))
      return [{ owner, holds: (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0 }];
    rmSync(file, { force: true });
    return [];
  });
}

const nameOf = ({ host, pid, start }: Owner): string =>
  `run.lock.${encodeURIComponent(host)}.${pid}.${start}`;

const NAME = /^run\.lock\.(.+)\.(\d+)\.([0-9a-f]+)$/;

function ownerIn(name: string): Owner | null {
  const [, host, pid, start] = NAME.exec(name) ?? [];
  return host === undefined ? null : { host: decodeURIComponent(host), pid: Number(pid), start: start! };
}

/** The process of a number on this machine, as it is now. */
function ownerOf(pid: number): Owner {
  const start = processStart(pid);
  const hashed = start === null ? '0' : createHash('sha256').update(start).digest('hex').slice(0, 12);
  return { pid, start: hashed, host: hostname() };
}

/** On another machine nobody can look: it is taken at its word. */
const isAtWork = (owner: Owner): boolean =>
  owner.host !== hostname() || (isRunning(owner.pid) && ownerOf(owner.pid).start === owner.start);

function refusal(path: string, owner: Owner): EspalierError {
  const { pid, host } = owner;
  const who = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  const message = `${who} is working on this run: wait until it ends, or choose another folder with \`out\``;
  const elsewhere = host === hostname() ? '' : `; if that process no longer exists, remove ${nameOf(owner)}`;
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
  rmSync(join(path, nameOf(ownerOf(process.pid))), { force: true });
}

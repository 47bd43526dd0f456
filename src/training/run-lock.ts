import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EspalierError } from '../errors.ts';
import { fileError, removeStalePartials } from '../files.ts';
import { isRunning, processStart } from '../process-start.ts';

/**
 * The owner of a lock. Each process has a lock file of its own, `run.lock.HOST.PID.START`, and never takes over another: if
 * two processes find a stale lock at the same time, at most one of them gets the folder.
 */
interface Owner {
  readonly pid: number;
  /**
   * A hash of the start time of the process, which distinguishes it from a later process with the same PID; `0` if the system
   * does not report it.
   */
  readonly start: string;
  readonly host: string;
}

/** How many holders in this process each folder has. */
const held = new Map<string, number>();
const taking = new Map<string, Promise<void>>();
/** Whether the exit handler that releases held folders is registered. */
let watchesExit = false;

/** Milliseconds to wait for a killed run to end: training processes notice it after a step. */
const PATIENCE = 10_000;
const POLL_MS = 100;
/** Attempts to claim a folder, and the longest pause between them in milliseconds. */
const [CLAIMS, PAUSE] = [200, 30];

/**
 * Locks the folder of a run for this process until it is released or the process ends. Creates the folder, and removes
 * half-written files of killed processes. Stale locks are replaced. Throws `usage` if another running process holds the
 * folder.
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

/** Releases all folders that this process holds at or below a path. */
export function releaseBelow(folder: string): void {
  const root = resolve(folder);
  for (const path of held.keys()) {
    if (path !== root && !path.startsWith(join(root, '/'))) continue;
    held.set(path, 1);
    letGo(path);
  }
}

/** Whether a running process holds the folder of a run. */
export const isHeld = (folder: string): boolean =>
  readdirSync(folder).some((name) => {
    const owner = ownerIn(name);
    return owner !== null && isAtWork(owner);
  });

/** {@link holdRun} for training processes, which waits for a process that has lost its parent to end. */
export const patientlyHoldRun = (folder: string): Promise<() => void> => holdRun(folder, PATIENCE);

/** Takes a lock once, even if several callers in this process ask at the same time. */
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
      // Two processes that claim at the same time both withdraw; a random pause separates their next attempts.
      await setTimeout(holds ? POLL_MS : 1 + Math.random() * PAUSE);
    }
  } catch (cause) {
    throw fileError(cause, path);
  }
  if (!watchesExit) process.once('exit', () => [...held.keys()].forEach((each) => letGo(each, true)));
  watchesExit = true;
  removeStalePartials(path);
  removeStaleLocksBelow(path);
}

/** Removes stale locks of the steps of a run, which belonged to the process of the run. */
function removeStaleLocksBelow(path: string): void {
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    const owner = ownerIn(basename(name));
    if (owner !== null && !isAtWork(owner)) rmSync(join(path, name), { force: true });
  }
}

interface Lock {
  readonly owner: Owner;
  /** A claim is an empty file: its process is still checking for other locks. */
  readonly holds: boolean;
}

/**
 * Writes the lock of this process, then looks for others: of two processes that do so at the same time, at least one sees the
 * other. If there is another lock, withdraws and returns it.
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

/** Locks and claims of other running processes. Stale ones are removed. */
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

/** Identifies the process with a PID on this machine. */
function ownerOf(pid: number): Owner {
  const start = processStart(pid);
  const hashed = start === null ? '0' : createHash('sha256').update(start).digest('hex').slice(0, 12);
  return { pid, start: hashed, host: hostname() };
}

/** Whether the owner still runs. A process on another machine cannot be checked, so it is assumed to run. */
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

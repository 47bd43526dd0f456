import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** When a process is to be killed: so many milliseconds after a file is there. */
export interface Kill {
  readonly once: string;
  readonly after: number;
}

/** How a process of the command line ended. */
export interface Ended {
  /** Null for one that was killed. */
  readonly code: number | null;
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
  /** Milliseconds from the start until the file was there; null where it never was. */
  readonly began: number | null;
}

const LOOK = 5;
/** Far above what any of these commands needs: a run that hangs is killed, and fails. */
const LIMIT = 120_000;

/** Runs `espalier …` in a process of its own and, where `kill` says so, ends it by SIGKILL. */
export function runProcess(
  args: readonly string[],
  { once, after = Number.POSITIVE_INFINITY }: Pick<Kill, 'once'> & Partial<Kill>,
): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  let began: number | null = null;
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const watch = setInterval(() => {
    const now = performance.now() - started;
    if (began === null && existsSync(once)) began = now;
    if (now > LIMIT || (began !== null && now - began >= after)) child.kill('SIGKILL');
  }, LOOK);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(watch);
      resolve({ code, stderr, began, took: performance.now() - started });
    });
  });
}

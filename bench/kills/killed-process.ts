import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** When a process is killed: so many milliseconds after its start, or after so many changes of the files in its folder. */
export interface Moment {
  readonly after: number;
  /** Changes to wait for before the milliseconds count; null counts them from the start. */
  readonly changes: number | null;
}

/** How a process of the command line ended. */
export interface Ended {
  /** Null for one that was killed. */
  readonly code: number | null;
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
  /** How often the files of the folder were seen to change. */
  readonly changes: number;
}

interface Command {
  /** What Node runs, before the command line. */
  readonly entry: readonly string[];
  readonly args: readonly string[];
  /** The folder whose files are watched. */
  readonly out: string;
}

const LOOK = 4;
/** Far above what any of these commands needs: a run that hangs is ended, and fails. */
const LIMIT = 300_000;

/** Runs `espalier …` in a process of its own and, where there is a moment for it, ends it by SIGKILL. */
export function runProcess({ entry, args, out }: Command, moment?: Moment): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, [...entry, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  let [changes, seen, begun] = [0, filesIn(out), moment?.changes === null ? started : null];
  const watch = setInterval(() => {
    const now = performance.now();
    const found = filesIn(out);
    if (found !== seen) changes++;
    seen = found;
    if (moment && begun === null && changes >= moment.changes!) begun = now;
    if (now - started > LIMIT || (moment && begun !== null && now - begun >= moment.after))
      child.kill('SIGKILL');
  }, LOOK);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(watch);
      resolve({ code, stderr, changes, took: performance.now() - started });
    });
  });
}

/** The files of a folder with their sizes and times, as one text. */
function filesIn(folder: string): string {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    return names.map((name) => `${name} ${stampOf(join(folder, name))}`).join('\n');
  } catch {
    return '';
  }
}

/** Empty for a file that has gone since it was listed. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : '';
}

/** The files that a killed process left half-written below a folder. */
export function partialsIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.partial'),
    );
  } catch {
    return [];
  }
}

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The worst that a command may do with a file of a few kilobytes. */
export const limits = { seconds: 10, megabytes: 1024 } as const;

/** A fault: which input, which command, what it did. */
export interface Fault {
  readonly index: number;
  readonly command: string;
  readonly kind: 'crash' | 'hang' | 'memory' | 'internal';
  readonly detail: string;
}

export interface Fuzzed {
  readonly faults: readonly Fault[];
  /** Command lines that ended, by how: `ok`, or the code of their error. */
  readonly endings: Readonly<Record<string, number>>;
  readonly slowest: { readonly ms: number; readonly index: number; readonly command: string };
  readonly largest: { readonly megabytes: number; readonly index: number; readonly command: string };
}

export interface FuzzOptions {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  /** Images for commands that look at some. */
  readonly images: string;
  readonly folder: string;
  readonly progress?: (done: number) => void;
}

const script = fileURLToPath(new URL('run-inputs.ts', import.meta.url));
/** Inputs of one process: its memory does not add up to a fault. */
const PORTION = 100;

interface Line {
  readonly index: number;
  readonly begins?: string;
  readonly ends?: string;
  readonly ms: number;
  readonly megabytes: number;
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

type Tally = { -readonly [K in keyof Fuzzed]: Fuzzed[K] } & {
  faults: Fault[];
  endings: Record<string, number>;
};

/** Gives seeded mutated files to every command, in processes that are watched; faults are all that went beyond the limits. */
export async function fuzz(options: FuzzOptions): Promise<Fuzzed> {
  const none = { index: -1, command: '' };
  const tally: Tally = {
    faults: [],
    endings: {},
    slowest: { ms: 0, ...none },
    largest: { megabytes: 0, ...none },
  };
  const end = options.from + options.count;
  for (let next = options.from; next < end; ) {
    next = await portion({ ...options, from: next, to: Math.min(end, next + PORTION) }, tally);
    options.progress?.(next - options.from);
  }
  return tally;
}

/** Runs inputs in one process until it is done, or killed; the number of the input to go on with. */
function portion(options: FuzzOptions & { readonly to: number }, tally: Tally): Promise<number> {
  const { seed, from, to, images, folder } = options;
  mkdirSync(folder, { recursive: true });
  const args = ['--import', 'tsx', script, String(seed), String(from), String(to), images, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let running: { index: number; command: string; since: number } | null = null;
  let reached = from;
  let said = '';
  let killed: Fault['kind'] | null = null;
  const watch = setInterval(() => {
    if (!running || killed) return;
    const megabytes = residentMegabytes(child.pid!);
    if (megabytes > 2 * limits.megabytes) killed = 'memory';
    else if (performance.now() - running.since > 1000 * limits.seconds) killed = 'hang';
    if (killed) child.kill('SIGKILL');
  }, 50);
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const each of lines.filter((candidate) => candidate.startsWith('{"index"'))) {
      const line = JSON.parse(each) as Line;
      reached = line.index;
      running =
        line.begins === undefined
          ? null
          : { index: line.index, command: line.begins, since: performance.now() };
      if (line.ends !== undefined) count(line, tally);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      clearInterval(watch);
      if (code === 0) return resolve(to);
      const kind = killed ?? 'crash';
      const { index = reached, command = 'start' } = running ?? {};
      tally.faults.push({
        index,
        command,
        kind,
        detail: killed ? '' : `${code ?? signal}: ${said.trim().split('\n').at(-1)}`,
      });
      rmSync(folder, { recursive: true, force: true });
      resolve(reached + 1);
    });
  });
}

function count({ index, ends: command = '', ms, megabytes, code, message, stack }: Line, tally: Tally): void {
  tally.endings[code] = (tally.endings[code] ?? 0) + 1;
  if (ms > tally.slowest.ms) tally.slowest = { ms, index, command };
  if (megabytes > tally.largest.megabytes) tally.largest = { megabytes, index, command };
  const fault = (kind: Fault['kind'], detail: string) => tally.faults.push({ index, command, kind, detail });
  if (code === 'internal' || /\binternal\b/.test(message)) fault('internal', stack ?? message);
  if (ms > 1000 * limits.seconds) fault('hang', `${ms} ms`);
  if (megabytes > limits.megabytes) fault('memory', `${megabytes} MB`);
}

/** The resident set of a process (Linux); 0 elsewhere. */
function residentMegabytes(pid: number): number {
  const path = join('/proc', String(pid), 'statm');
  if (!existsSync(path)) return 0;
  return (Number(readFileSync(path, 'utf8').split(' ')[1]) * 4096) / 2 ** 20;
}

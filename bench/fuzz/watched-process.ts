import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, limits } from './tally.ts';

/** A line of the process: a command begins, or has ended; where it says neither, all commands of an input have. */
export interface Line {
  readonly index: number;
  readonly begins?: string;
  readonly ends?: string;
  /** Processor time, on all threads; on a machine that does nothing else it is about the time that passes. */
  readonly ms: number;
  readonly megabytes: number;
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

/** How a process ended: the input to go on with, and what was wrong with the one before. */
export interface Ending {
  readonly next: number;
  readonly fault: Fault | null;
}

/** Nothing waits for as long, whatever else the machine does. */
const WAITED_SECONDS = 60;
const WATCH_MS = 100;

/** Runs a script that works on inputs until it is done or has grown, or is killed for what a command does. */
export function watchedProcess(
  args: readonly string[],
  from: number,
  onLine: (line: Line) => void,
): Promise<Ending> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let running: { readonly index: number; readonly command: string; readonly watch: Watch } | null = null;
  let reached = from;
  let killed: Fault['kind'] | null = null;
  const timer = setInterval(() => {
    if (!running || killed) return;
    killed = running.watch();
    if (killed) child.kill('SIGKILL');
  }, WATCH_MS);
  onLines(child.stdout, (text) => {
    if (!text.startsWith('{"index"')) return;
    const line = JSON.parse(text) as Line;
    reached = line.index + (line.begins === undefined && line.ends === undefined ? 1 : 0);
    running =
      line.begins === undefined
        ? null
        : { index: line.index, command: line.begins, watch: watchOf(child.pid!) };
    onLine(line);
  });
  const said: string[] = [];
  onLines(child.stderr, (text) => said.push(text.slice(0, 1000)));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      clearInterval(timer);
      if (code === 0) return resolve({ next: reached, fault: null });
      const { index = reached, command = 'between commands' } = running ?? {};
      const detail = killed ? '' : `${code ?? signal}: ${said.slice(-20).join('\n')}`;
      resolve({ next: index + 1, fault: { index, command, kind: killed ?? 'crash', detail } });
    });
  });
}

function onLines(stream: NodeJS.ReadableStream, each: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line !== '') each(line);
  });
}

/** What is wrong with a command that runs now; null while nothing is. */
type Watch = () => Fault['kind'] | null;

function watchOf(pid: number): Watch {
  const began = performance.now();
  const spent = processorSeconds(pid);
  return () => {
    if (residentMegabytes(pid) > 2 * limits.megabytes) return 'memory';
    const waited = (performance.now() - began) / 1000;
    const busy = processorSeconds(pid) - spent;
    return busy > limits.seconds || waited > WAITED_SECONDS ? 'hang' : null;
  };
}

/** A number of /proc's file of a process (Linux); 0 elsewhere. */
function read(pid: number, file: string, of: (text: string) => number): number {
  const path = join('/proc', String(pid), file);
  try {
    return existsSync(path) ? of(readFileSync(path, 'utf8')) : 0;
  } catch {
    // The process has just ended.
    return 0;
  }
}

const residentMegabytes = (pid: number): number =>
  read(pid, 'statm', (text) => (Number(text.split(' ')[1]) * 4096) / 2 ** 20);

/** Fields 14 and 15 are user and system time, in hundredths; the name before them may hold spaces. */
const processorSeconds = (pid: number): number =>
  read(pid, 'stat', (text) => {
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  });

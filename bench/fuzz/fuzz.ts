import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileRunner } from './compiled.ts';
import { writeFuzzImages } from './images.ts';
import { count, emptyTally, type Fault, type Tally } from './tally.ts';
import { watchedProcess } from './watched-process.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  /** Processes that share the inputs; default 1. */
  readonly processes?: number;
  /** Empty; everything is written in here. */
  readonly folder: string;
  /** Called now and then, and at the end. */
  readonly progress?: (done: number, tally: Tally) => void;
}

/** Inputs that a process is given at once, where there is no other reason for it to end. */
const PORTION = 500;
/** Inputs between two reports of what was found. */
const REPORTED = 25;

/** Gives seeded mutated files to every command, in processes that are watched; faults are all that went beyond the limits. */
export async function fuzz(options: FuzzOptions): Promise<Tally> {
  const { folder, from, seed, processes = 1 } = options;
  const script = compileRunner(join(folder, 'compiled'));
  await writeFuzzImages(folder);
  const tally = emptyTally();
  const end = from + options.count;
  let next = from;
  let done = 0;
  const inputDone = () => {
    done++;
    if (done % REPORTED === 0 || done === options.count) options.progress?.(done, tally);
  };
  const work = async (_: unknown, worker: number) => {
    const own = join(folder, String(worker));
    while (next < end) {
      const portion = { from: next, to: Math.min(end, next + PORTION) };
      next = portion.to;
      await run({ ...portion, args: [script, String(seed)], folder, own }, tally, inputDone);
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  tally.faults.sort((a, b) => a.index - b.index);
  return tally;
}

interface Portion {
  readonly from: number;
  readonly to: number;
  readonly args: readonly string[];
  readonly folder: string;
  readonly own: string;
}

/** Works on inputs until all are done, in a new process after each that ended. */
async function run(
  { from, to, args, folder, own }: Portion,
  tally: Tally,
  inputDone: () => void,
): Promise<void> {
  for (let next = from; next < to; ) {
    rmSync(own, { recursive: true, force: true });
    mkdirSync(own, { recursive: true });
    const all = [...args, String(next), String(to), folder, own];
    const ending = await watchedProcess(all, next, (line) => {
      if (line.ends !== undefined) count(line, tally);
      else if (line.begins === undefined) inputDone();
    });
    next = ending.next;
    if (!ending.fault) continue;
    tally.faults.push(ending.fault);
    inputDone();
  }
}

export type { Fault, Tally };

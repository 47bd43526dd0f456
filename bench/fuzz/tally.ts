import type { Line } from './watched-process.ts';

/** The worst that a command may do with a file of a few kilobytes. */
export const limits = { seconds: 10, megabytes: 1024 } as const;

/** A fault: which input, which command, what it did. */
export interface Fault {
  readonly index: number;
  readonly command: string;
  readonly kind: 'crash' | 'hang' | 'memory' | 'internal';
  readonly detail: string;
}

/** What came of inputs. */
export interface Tally {
  readonly faults: Fault[];
  /** Command lines that ended, by command and how: `ok`, or the code of their error. */
  readonly endings: Record<string, Record<string, number>>;
  slowest: { readonly ms: number; readonly index: number; readonly command: string };
  largest: { readonly megabytes: number; readonly index: number; readonly command: string };
}

export const emptyTally = (): Tally => ({
  faults: [],
  endings: {},
  slowest: { ms: 0, index: -1, command: '' },
  largest: { megabytes: 0, index: -1, command: '' },
});

/** Counts how a command ended, and what was wrong with it. */
export function count(line: Line, tally: Tally): void {
  const { index, ends: command = '', ms, megabytes, code, message, stack } = line;
  tally.endings[command] ??= {};
  tally.endings[command][code] = (tally.endings[command][code] ?? 0) + 1;
  if (ms > tally.slowest.ms) tally.slowest = { ms, index, command };
  if (megabytes > tally.largest.megabytes) tally.largest = { megabytes, index, command };
  const fault = (kind: Fault['kind'], detail: string) => tally.faults.push({ index, command, kind, detail });
  if (code === 'internal' || /\binternal\b/.test(message)) fault('internal', stack ?? message);
  else if (message.includes('\n')) fault('internal', `more than one line: ${JSON.stringify(message)}`);
  if (ms > 1000 * limits.seconds) fault('hang', `${ms} ms`);
  if (code === 'memory') fault('memory', message);
  if (megabytes > limits.megabytes) fault('memory', `${megabytes} MB`);
}

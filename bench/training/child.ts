import { spawn } from 'node:child_process';
import { EspalierError } from '../../src/errors.ts';

/** A program that prints lines of JSON, or one JSON document, and the threads it may use. */
export interface Child {
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly threads: number;
  /** More for its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * glibc gives large blocks back to the system as soon as they are free, and PyTorch asks for its activations anew in each
 * step: on a virtual machine the page faults take up to two thirds of its time. Both sides keep what they have.
 */
const keepMemory = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 40) };

/**
 * Runs a program to its end and merges the JSON objects it printed, a line each. A process of its own keeps one
 * side's threads, allocator and memory out of the other's measurement. Throws `runtime` where it fails.
 */
export async function runChild({
  label,
  command,
  args,
  threads,
  env: more,
}: Child): Promise<Record<string, unknown>> {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), ...keepMemory, ...more };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
    });
  }
  const ended = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve(code ?? signal));
  }).catch((cause: Error) => {
    throw new EspalierError('runtime', cause.message, { where: label, cause });
  });
  if (ended !== 0) {
    const message = `expected an exit status of 0, got ${ended}: ${reason(printed.stderr)}`;
    throw new EspalierError('runtime', message, { where: label });
  }
  const whole = printed.stdout.trim();
  const objects = whole.startsWith('{\n')
    ? [whole]
    : whole.split('\n').filter((line) => line.startsWith('{'));
  return Object.assign({}, ...objects.map((line) => JSON.parse(line))) as Record<string, unknown>;
}

/** The line that names the error in a stack trace of Node (the first such) or Python (the last line). */
function reason(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return (lines.find((line) => /^(\w*Error\b|error:)/.test(line)) ?? lines.at(-1) ?? '').trim();
}

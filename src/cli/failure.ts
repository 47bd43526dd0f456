import { CommanderError } from 'commander';
import { EspalierError } from '../errors.ts';
import { INTERRUPTED } from './interrupt.ts';

/** Exit code and message of an error. */
export interface Failure {
  readonly exitCode: number;
  /** The error code for programs; `internal` means a bug in Espalier. */
  readonly code: string;
  /** One line. */
  readonly message: string;
  readonly stack: string;
}

/**
 * Exit code 2 for usage errors, 130 for an interruption, 1 for all others; null if commander has printed help or the version.
 */
export function failureOf(error: unknown): Failure | null {
  const stack = error instanceof Error ? stackOf(error) : String(error);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return null;
    const said = error.code === 'commander.help' ? 'a command is missing' : error.message;
    return { exitCode: 2, code: 'usage', message: oneLine(said.replace(/^error: /, '')), stack };
  }
  if (error instanceof EspalierError) {
    return { exitCode: exitCodes[error.code] ?? 1, code: error.code, message: oneLine(error.message), stack };
  }
  if (error instanceof RangeError && noMemory.test(error.message)) {
    const message = `a process cannot allocate this much memory (${oneLine(error.message)}): give a smaller size or batch`;
    return { exitCode: 1, code: 'memory', message, stack };
  }
  const text = (error instanceof Error ? error.message : String(error)).replace(/^internal: /, '');
  const message = `internal: ${oneLine(text)} (a bug in espalier: run again with --debug and report it)`;
  return { exitCode: 1, code: 'internal', message, stack };
}

const exitCodes: { readonly [code in EspalierError['code']]?: number } = {
  usage: 2,
  interrupted: INTERRUPTED,
};

/** V8's messages for allocations that are too large. */
const noMemory =
  /^(Invalid (typed )?array (buffer )?length|Array buffer allocation failed|Invalid string length)/;

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

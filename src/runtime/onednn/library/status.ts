import { EspalierError } from '../../../errors.ts';
import type { Native } from './functions.ts';

const statuses = [
  'success',
  'out of memory',
  'invalid arguments',
  'unimplemented',
  'iterator ends',
  'runtime error',
  'not required',
];
export const UNIMPLEMENTED = 3;

/** Throws `runtime` unless a status means success. */
export function check(status: number, what: string): void {
  if (status !== 0)
    throw new EspalierError('runtime', `oneDNN ${what}: ${statuses[status] ?? `status ${status}`}`);
}

/** Calls a native function and returns the handle that it writes to its first argument. Throws `runtime` on failure. */
export function created(what: string, create: Native, ...values: readonly unknown[]): bigint {
  const out: [bigint | null] = [null];
  check(create(out, ...values), what);
  return out[0]!;
}

import { expect } from 'vitest';
import { EspalierError } from '../../src/errors.ts';

/** The error, after checking that a user can read it: an EspalierError of one line. */
export function refusal(action: () => unknown): EspalierError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(EspalierError);
    expect((error as EspalierError).message).not.toContain('\n');
    return error as EspalierError;
  }
  throw new Error('expected an error');
}

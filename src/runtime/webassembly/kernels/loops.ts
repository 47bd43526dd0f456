import type { Code, Local } from '../encoder/code.ts';

/** Runs the body for local = 0, …, count − 1. */
export function countUp(code: Code, local: Local<'i32'>, count: number, body: () => void): void {
  code.i32(0);
  code.set(local);
  code.repeatWhile(() => {
    body();
    code.increment(local, 1);
    code.get(local);
    code.i32(count);
    code.op('i32.lt_u');
  });
}

/** Runs the body `count` times. */
export function repeat(code: Code, count: number, body: () => void): void {
  if (count === 1) body();
  else if (count > 1) countUp(code, code.local('i32'), count, body);
}

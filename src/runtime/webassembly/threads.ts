import type { Code, Local } from './encoder/code.ts';
import type { FunctionHandle, ModuleWriter } from './encoder/module.ts';
import type { Step, UnitRange } from './scope.ts';

/** The part of a step that one of several threads computes; a step of one unit is the first thread's. */
export function partOf({ units = 1 }: Pick<Step, 'units'>, thread: number, threads: number): UnitRange {
  const from = Math.floor((thread * units) / threads);
  const to = Math.floor(((thread + 1) * units) / threads);
  return units === 1 ? { from: 0, to: thread === 0 ? 1 : 0 } : { from, to };
}

/** How often a thread looks for the others before it sleeps. */
const SPINS = 20_000;
/** The longest sleep, in nanoseconds: the others are not asked to wake it. */
const SLEEP_NS = 200_000;

/**
 * A barrier: `arrive(target, maySleep)` counts a thread in and waits until the counter at `address` has come to the target.
 * The counter only grows, and may wrap around. Threads that may not sleep, as a page's own, look on.
 */
export function defineBarrier(module: ModuleWriter, address: number): FunctionHandle {
  return module.define({ parameters: ['i32', 'i32'] }, (code, [target, maySleep]) => {
    const [spins, seen] = [code.local('i32'), code.local('i32')];
    code.i32(address);
    code.i32(1);
    code.memory('i32.atomic.rmw.add');
    code.op('drop');
    code.repeatWhile(() => {
      code.i32(address);
      code.memory('i32.atomic.load');
      code.set(seen);
      code.increment(spins, 1);
      sleepWhereAllowed(code, { address, spins, seen, maySleep });
      // As a signed difference, so that it holds beyond 2³¹.
      code.get(seen);
      code.get(target);
      code.op('i32.sub');
      code.i32(0);
      code.op('i32.lt_s');
    });
  });
}

function sleepWhereAllowed(
  code: Code,
  {
    address,
    spins,
    seen,
    maySleep,
  }: {
    readonly address: number;
    readonly spins: Local<'i32'>;
    readonly seen: Local<'i32'>;
    readonly maySleep: Local<'i32'>;
  },
): void {
  code.get(spins);
  code.i32(SPINS);
  code.op('i32.gt_s');
  code.get(maySleep);
  code.op('i32.mul');
  code.when(() => {
    code.i32(0);
    code.set(spins);
    code.i32(address);
    code.get(seen);
    code.i64(SLEEP_NS);
    code.memory('memory.atomic.wait32');
    code.op('drop');
  });
}

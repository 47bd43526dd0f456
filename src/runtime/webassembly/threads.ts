import type { Code, Local } from './encoder/code.ts';
import type { FunctionHandle, ModuleWriter } from './encoder/module.ts';
import type { Step, UnitRange } from './scope.ts';

/** The units of a step that one of several threads computes. The first thread computes a step of one unit. */
export function partOf({ units = 1 }: Pick<Step, 'units'>, thread: number, threads: number): UnitRange {
  const from = Math.floor((thread * units) / threads);
  const to = Math.floor(((thread + 1) * units) / threads);
  return units === 1 ? { from: 0, to: thread === 0 ? 1 : 0 } : { from, to };
}

/** How often a thread polls the counter before it sleeps. */
const SPINS = 20_000;
/** The longest sleep, in nanoseconds. No thread sends wake-ups. */
const SLEEP_NS = 200_000;

/**
 * Defines a barrier: `arrive(target, maySleep)` increments the counter at `address` and waits until it reaches the target.
 * The counter only grows, and may wrap around. Threads that must not sleep, such as a page's main thread, poll.
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
      // Compared by the signed difference, which stays correct beyond 2³¹.
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

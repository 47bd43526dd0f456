import { expect, it } from 'vitest';
import type { Value } from '../../../src/graph/graph.ts';
import { floats, type Tensor } from '../../../src/numeric/tensor.ts';
import { copied, describeExecutors } from '../../support/executors.ts';
import { started } from '../../support/stateful.ts';

const vector = (...values: number[]): Tensor => floats([values.length], values);
const list = (tensor: Tensor | undefined): number[] => Array.from(tensor!.data as Float32Array);

describeExecutors('state', (executor) => {
  it('what passes through unchanged keeps its value, in itself and for others', async () => {
    const program = await started(executor, {
      state: { a: vector(1, 2), b: vector(3, 4) },
      build: (g, { a, b }) => ({ 'a′': g.Identity(a), 'b′': g.Add(a, b), y: g.Mul(a, b) }),
    });
    const seen: number[][] = [];
    for (let i = 0; i < 3; i++) seen.push(list((await program.run({})).y));
    expect(seen).toEqual([
      [3, 8],
      [4, 12],
      [5, 16],
    ]);
    expect(list(program.readState().a)).toEqual([1, 2]);
    expect(list(program.readState().b)).toEqual([6, 10]);
    await program.close();
  });

  it.each(['Identity', 'Reshape'] as const)('two states swap, through %s', async (op) => {
    const program = await started(executor, {
      state: { a: vector(1, 2), b: vector(3, 4) },
      build(g, { a, b }) {
        const moved = (value: Value | undefined) =>
          op === 'Identity'
            ? g.Identity(value!)
            : g.Reshape(g.Reshape(value!, g.int64s([2, 1])), g.int64s([2]));
        return { 'a′': moved(b), 'b′': moved(a) };
      },
    });
    for (let i = 0; i < 3; i++) await program.run({});
    expect([list(program.readState().a), list(program.readState().b)]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    await program.close();
  });

  it('three states move on by one', async () => {
    const program = await started(executor, {
      state: { a: vector(1), b: vector(2), c: vector(3) },
      build: (g, { a, b, c }) => ({ 'a′': g.Identity(b), 'b′': g.Identity(c), 'c′': g.Neg(g.Neg(a)) }),
    });
    await program.run({});
    const { a, b, c } = program.readState();
    expect([a, b, c].map(list)).toEqual([[2], [3], [1]]);
    await program.close();
  });

  it('what reads a state sees it as it was before the run; what reads its next value sees that', async () => {
    const program = await started(executor, {
      state: { total: vector(0, 10) },
      feeds: { x: vector(0, 0) },
      build(g, { total, x }) {
        const next = g.Add(total, x);
        return { 'total′': next, before: g.Identity(total), after: g.Mul(next, g.floats(2)) };
      },
    });
    const first = copied(await program.run({ x: vector(1, 2) }));
    const second = copied(await program.run({ x: vector(5, 5) }));
    expect([list(first.before), list(first.after)]).toEqual([
      [0, 10],
      [2, 24],
    ]);
    expect([list(second.before), list(second.after)]).toEqual([
      [1, 12],
      [12, 34],
    ]);
    await program.close();
  });

  it('is integer as well', async () => {
    const program = await started(executor, {
      state: { count: { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 40n) } },
      build: (g, { count }) => ({ 'count′': g.Add(count, g.int64s([1])) }),
    });
    for (let i = 0; i < 3; i++) await program.run({});
    expect(program.readState().count!.data[0]).toBe(2n ** 40n + 3n);
    await program.close();
  });

  it('copies what is written, and leaves alone what is not', async () => {
    const program = await started(executor, {
      state: { a: vector(1, 2), b: vector(3, 4) },
      build: (g, { a, b }) => ({ 'a′': g.Identity(a), 'b′': g.Identity(b) }),
    });
    const given = vector(7, 8);
    program.writeState({ a: given });
    (given.data as Float32Array).fill(0);
    await program.run({});
    expect(list(program.readState().a)).toEqual([7, 8]);
    expect(list(program.readState().b)).toEqual([3, 4]);
    await program.close();
  });
});

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { chooseExecutor } from '../../../src/runtime/choose.ts';
import { checkCases } from '../../support/conformance.ts';
import { caseOf, type ElementwiseCase, each, positive } from '../../support/elementwise-case.ts';
import { describeExecutors, graphOf, hasOnednn } from '../../support/executors.ts';
import { normals } from '../../support/run-graph.ts';

type Values = Readonly<Record<string, Value>>;

/** Operators that oneDNN's executor has no kernel for, between others that it has. */
const foreign: readonly ElementwiseCase[] = [
  {
    title: 'a run of operators without kernels between two with',
    build: (g, v) => ({ y: g.Relu(g.Sin(g.Neg(g.Add(v.a, v.b)))) }),
    expected: () => ({ y: each((x, y) => positive(Math.sin(-(x + y)))) }),
  },
  {
    title: 'two branches, one of each kind, that meet',
    build(g, v) {
      const left = g.Sin(v.a);
      const right = g.Relu(v.b);
      return { y: g.Add(left, right), z: g.Cos(g.Add(right, v.a)) };
    },
    expected: () => ({
      y: each((x, y) => Math.sin(x) + positive(y)),
      z: each((x, y) => Math.cos(positive(y) + x)),
    }),
  },
  {
    title: 'a value that is overwritten in place after a foreign operator read it',
    build(g, v) {
      const sum = g.Add(v.a, v.b);
      const wave = g.Sin(sum);
      const next = g.Add(sum, v.a);
      return { y: g.Mul(next, v.b), wave };
    },
    expected: () => ({
      y: each((x, y) => (2 * x + y) * y),
      wave: each((x, y) => Math.sin(x + y)),
    }),
  },
  {
    title: 'Concat, Split and Where',
    build(g, v) {
      const joined = g.Concat(v.a, g.Relu(v.b), { axis: 1 });
      const [first, second] = g.node('Split', [joined, g.int64s([10, 10])], { axis: 1 }, 2);
      return { y: g.Where(g.Greater(first!, second!), first!, g.Relu(second!)) };
    },
    expected: () => ({ y: each((x, y) => Math.max(x, positive(y))) }),
  },
  {
    title: 'an operator without a kernel whose result nothing reads',
    build(g, v) {
      g.Sin(v.b);
      return { y: g.Relu(v.a) };
    },
    expected: () => ({ y: each(positive) }),
  },
  {
    title: 'foreign operators alone, and results of both kinds',
    build: (g, v) => ({ y: g.Sin(v.a), z: g.Add(v.a, v.b), w: g.Neg(g.Erf(g.Floor(v.b))) }),
    expected: () => ({
      y: each(Math.sin),
      z: each((x, y) => x + y),
      w: each((_, y) => -erf(Math.floor(y))),
    }),
  },
];

/** erf by its Taylor series: 40 terms are exact for the small integers here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describeExecutors('operators with and without kernels', (executor) => {
  checkCases(executor, foreign.map(caseOf));
});

const x = normals([2, 10, 4, 4], 1);
const w = normals([16, 10, 3, 3], 2);

describe.skipIf(!hasOnednn)('operators without a kernel in oneDNN', () => {
  const told = async (make: (g: Builder, v: Values) => Values): Promise<string[][]> => {
    const { executor } = await chooseExecutor('onednn');
    const calls: string[][] = [];
    const graph = graphOf({ x, w }, make);
    const program = await executor.compile(graph, { threads: 1, onFallback: (ops) => calls.push([...ops]) });
    await program.close();
    return calls;
  };

  it('are told once, each by its name once', async () => {
    const calls = await told((g, v) => ({ y: g.Cos(g.Relu(g.Sin(g.Sin(g.Conv(v.x!, v.w!))))) }));
    expect(calls).toHaveLength(1);
    expect(calls[0]!.toSorted()).toEqual(['Cos', 'Sin']);
  });

  it('are not told of where there are none', async () => {
    expect(await told((g, v) => ({ y: g.Relu(g.Conv(v.x!, v.w!)) }))).toEqual([]);
  });
});

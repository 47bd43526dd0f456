import { it } from 'vitest';
import { describeExecutors } from '../../support/executors.ts';
import { checkTraining, fed, type SgdTraining, type UpdateSettings } from '../../support/sgd-training.ts';

const shapes = { a: [17, 3, 3, 3], b: [5], c: [2, 33], d: [] } as const;

const all = (settings: Partial<UpdateSettings> = {}): SgdTraining['parameters'] =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape, settings }]));

describeExecutors('what reads parameters that SGD updates', (executor) => {
  it('what reads parameters after their update sees the new values, beside the old', () =>
    checkTraining(
      executor,
      fed(all({ decay: 0.1 }), {
        results: (g, v) => ({ late: g.Mul(v['a′']!, g.floats(2)), step: g.Sub(v['a′']!, v.a!) }),
        expected: (v) => ({
          late: v['a′']!.map((x) => 2 * x),
          step: v['a′']!.map((x, i) => x - v.a![i]!),
        }),
      }),
    ));

  it('what reads a view of a parameter after its update sees the old value', () =>
    checkTraining(
      executor,
      fed(all(), {
        results(g, v) {
          const flat = g.int64s([-1]);
          return { step: g.Sub(g.Reshape(v['a′']!, flat), g.Reshape(v.a!, flat)) };
        },
        expected: (v) => ({ step: v['a′']!.map((x, i) => x - v.a![i]!) }),
      }),
    ));

  it('results that are old values, and views of them', () =>
    checkTraining(
      executor,
      fed(all(), {
        results: (g, { a, 'a.m': m }) => ({
          old: g.Identity(a!),
          flat: g.Reshape(a!, g.int64s([-1])),
          m: g.Flatten(m!),
        }),
        expected: (v) => ({ old: v.a!, flat: v.a!, m: v['a.m']! }),
      }),
    ));

  it('updated values that are changed before they are stored', () =>
    checkTraining(
      executor,
      fed(all({ decay: 0.1 }), {
        adjust: (g, next, name) => (name === 'c' ? next : g.Mul(next, g.floats(0.5))),
        adjusted: (next, name) => (name === 'c' ? next : next.map((v) => v / 2)),
      }),
    ));
});

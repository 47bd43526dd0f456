import { expect, it } from 'vitest';
import { elementCount } from '../../../src/numeric/tensor.ts';
import { describeExecutors } from '../../support/executors.ts';
import { normals } from '../../support/run-graph.ts';
import { checkTraining, fed, type SgdTraining, type UpdateSettings } from '../../support/sgd-training.ts';

const shapes = { a: [17, 3, 3, 3], b: [5], c: [2, 33], d: [] } as const;

const all = (settings: Partial<UpdateSettings> = {}): SgdTraining['parameters'] =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape, settings }]));

describeExecutors('SGD over several parameters', (executor) => {
  it.each([
    {},
    { momentum: 0 },
    { decay: 0.1 },
    { decay: 0.1, decoupled: true },
    { nesterov: true },
    { nesterov: true, decay: 0.1 },
    { nesterov: true, decay: 0.1, decoupled: true },
    { nesterov: true, momentum: 0, decay: 0.1 },
  ])('of different shapes: %j', (settings) => checkTraining(executor, fed(all(settings))));

  it('of different weight decay', () =>
    checkTraining(
      executor,
      fed({
        a: { shape: shapes.a, settings: { decay: 0.1 } },
        b: { shape: shapes.b },
        c: { shape: shapes.c, settings: { decay: 0.1 } },
        d: { shape: shapes.d, settings: { decay: 0.1, decoupled: true } },
      }),
    ));

  /** One gradient for two parameters: neither update may change what the other reads. */
  const shared = (first: Partial<UpdateSettings>, second: Partial<UpdateSettings>): SgdTraining => {
    const parameters = { a: { shape: [17, 3], settings: first }, b: { shape: [17, 3], settings: second } };
    return {
      parameters,
      feeds: { x: normals([17, 3], 5) },
      gradients(g, v) {
        const slope = g.Mul(v.x!, g.Add(v.a!, v.b!));
        return { a: slope, b: slope };
      },
      slopes({ x, a, b }) {
        const slope = x!.map((value, i) => value * (a![i]! + b![i]!));
        return { a: slope, b: slope };
      },
    };
  };
  it.each([
    [{}, {}],
    [{ decay: 0.1 }, {}],
    [
      { nesterov: true, decay: 0.1 },
      { nesterov: true, decay: 0.1 },
    ],
    [{ nesterov: true, decay: 0.1 }, { nesterov: true }],
    [{ nesterov: true, decay: 0.1 }, { decay: 0.2 }],
  ])('a gradient that two share: %j and %j', (first, second) =>
    checkTraining(executor, shared(first, second)),
  );

  it.each([{}, { decay: 0.1 }, { nesterov: true, decay: 0.1 }])('gradients that are inputs: %j', (settings) =>
    checkTraining(executor, {
      parameters: { a: { shape: [17, 3], settings }, b: { shape: [17, 3], settings } },
      feeds: { x: normals([17, 3], 5) },
      gradients: (_, { x }) => ({ a: x!, b: x! }),
      slopes: ({ x }) => ({ a: x!, b: x! }),
    }),
  );

  it.each([{}, { nesterov: true, decay: 0.1 }])('a gradient that is constant: %j', (settings) => {
    const constant = normals([17, 3], 6);
    return checkTraining(executor, {
      parameters: { a: { shape: [17, 3], settings } },
      feeds: {},
      gradients: (g) => ({ a: g.constant(constant) }),
      slopes: () => ({ a: [...constant.data] }),
    });
  });

  it.each([{}, { nesterov: true, decay: 0.1 }])('a gradient that is another parameter: %j', (settings) =>
    checkTraining(executor, {
      parameters: { a: { shape: [17, 3], settings }, b: { shape: [17, 3], settings } },
      feeds: {},
      gradients: (_, { a, b }) => ({ a: b!, b: a! }),
      slopes: ({ a, b }) => ({ a: b!, b: a! }),
    }),
  );

  it.each([{}, { nesterov: true, decay: 0.1 }])('a gradient that is a result, and is read: %j', (settings) =>
    checkTraining(
      executor,
      fed(
        { a: { shape: [17, 3], settings } },
        {
          results: (g, { 'a.slope': slope, 'a′': next }) => ({
            slope: slope!,
            double: g.Add(slope!, slope!),
            late: g.Add(slope!, next!),
          }),
          expected: ({ 'a.slope': slope, 'a′': next }) => ({
            slope: slope!,
            double: slope!.map((v) => 2 * v),
            late: slope!.map((v, i) => v + next![i]!),
          }),
        },
      ),
    ),
  );

  it.each([{}, { nesterov: true, decay: 0.1 }])(
    'a gradient that is a view of another value: %j',
    (settings) =>
      checkTraining(executor, {
        parameters: { a: { shape: [17, 3], settings }, b: { shape: [51], settings } },
        feeds: { x: normals([17, 3], 5) },
        gradients(g, { x, a }) {
          const slope = g.Mul(x!, a!);
          return { a: slope, b: g.Reshape(slope, g.int64s([51])) };
        },
        slopes({ x, a }) {
          const slope = x!.map((v, i) => v * a![i]!);
          return { a: slope, b: slope };
        },
      }),
  );

  it('one parameter, of one element', () =>
    checkTraining(executor, fed({ d: { shape: [1], settings: { nesterov: true } } })));

  it('parameters that fill many blocks', async () => {
    const shape = [33, 24, 3, 3];
    expect(elementCount(shape)).toBeGreaterThan(4096);
    await checkTraining(executor, fed({ a: { shape }, b: { shape: [1] }, c: { shape } }));
  });
});

import { expect, it } from 'vitest';
import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { elementCount, floats, type Tensor } from '../../../src/numeric/tensor.ts';
import type { Executor, Tensors } from '../../../src/runtime/executor.ts';
import { compileOn, copied, describeExecutors, expectNear, graphOf } from '../../support/executors.ts';
import { type SgdSettings, sgdStep } from '../../support/reference/optimizers.ts';
import { normals } from '../../support/run-graph.ts';

type Values = Readonly<Record<string, Value>>;
type Settings = Omit<SgdSettings, 'rate'>;

const plain: Settings = { momentum: 0.9, nesterov: false, decay: 0, decoupled: false };

interface Parameter {
  readonly shape: readonly number[];
  readonly settings?: Partial<Settings>;
}

interface Training {
  /** By name; each has the state `<name>` and `<name>.m`. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly feeds: Tensors;
  /** The gradient of each parameter, from inputs and parameters as the graph has them. */
  readonly gradients: (g: Builder, values: Values) => Values;
  /** The same in numbers. */
  readonly slopes: (
    values: Readonly<Record<string, readonly number[]>>,
  ) => Readonly<Record<string, readonly number[]>>;
  /** Further results, given the gradients under `<name>.slope` and the next values under `<name>′`. */
  readonly results?: (g: Builder, values: Values) => Values;
  readonly expected?: (
    values: Readonly<Record<string, readonly number[]>>,
  ) => Readonly<Record<string, ArrayLike<number>>>;
  /** The next value of a parameter, from its updated one. */
  readonly adjust?: (g: Builder, next: Value, name: string) => Value;
  readonly adjusted?: (next: number[], name: string) => number[];
}

const attributesOf = ({ momentum, nesterov, decay, decoupled }: Settings) => ({
  momentum,
  nesterov: Number(nesterov),
  weight_decay: decay,
  decoupled: Number(decoupled),
});

const settingsOf = ({ settings }: Parameter): Settings => ({ ...plain, ...settings });

/** `a` → `a.slope`. */
const underSlopes = <T>(slopes: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(slopes).map(([name, slope]) => [`${name}.slope`, slope]));

function trainingGraph({ parameters, feeds, gradients, results, adjust }: Training, state: Tensors) {
  const rate = floats([], [0]);
  return graphOf({ ...state, ...feeds, rate }, (g, v) => {
    const slopes = gradients(g, v);
    const next: Record<string, Value> = {};
    for (const [name, parameter] of Object.entries(parameters)) {
      const inputs = [v[name], slopes[name], v[`${name}.m`], v.rate];
      const [w, m] = g.SgdUpdate(...inputs, attributesOf(settingsOf(parameter)));
      next[`${name}′`] = adjust ? adjust(g, w, name) : w;
      next[`${name}.m′`] = m;
    }
    return { ...next, ...results?.(g, { ...v, ...next, ...underSlopes(slopes) }) };
  });
}

/** Four steps in an executor and in a loop, at a rate that changes; compares all state and results after each. */
async function checkTraining(executor: Executor, training: Training): Promise<void> {
  const { parameters, feeds, slopes, expected, adjusted } = training;
  const state: Record<string, Tensor> = {};
  Object.entries(parameters).forEach(([name, { shape }], i) => {
    state[name] = normals(shape, 10 + i);
    state[`${name}.m`] = normals(shape, 30 + i);
  });
  const pairs = Object.keys(state).map((name) => ({ input: name, output: `${name}′` }));
  const program = await compileOn(executor, trainingGraph(training, state), { state: pairs });
  program.writeState(state);
  const numbers: Record<string, number[]> = {};
  for (const [name, { data }] of Object.entries({ ...state, ...feeds }))
    numbers[name] = Array.from(data as Float32Array);
  for (const [step, rate] of [0.1, 0.05, 0.3, 0.01].entries()) {
    const results = copied(await program.run({ ...feeds, rate: floats([], [rate]) }));
    const gradients = slopes(numbers);
    const next: Record<string, number[]> = {};
    for (const [name, parameter] of Object.entries(parameters)) {
      const settings = { ...settingsOf(parameter), rate };
      const { w, m } = sgdStep(numbers[name]!, gradients[name]!, numbers[`${name}.m`]!, settings);
      next[`${name}′`] = adjusted ? adjusted(w, name) : w;
      next[`${name}.m′`] = m;
    }
    for (const [name, wanted] of Object.entries(
      expected?.({ ...numbers, ...next, ...underSlopes(gradients) }) ?? {},
    ))
      expectNear(results[name]!, wanted, { what: `${name} of step ${step}` });
    for (const name of Object.keys(state)) {
      numbers[name] = next[`${name}′`]!;
      expectNear(program.readState()[name]!, numbers[name]!, { what: `${name} after step ${step}` });
    }
  }
  await program.close();
}

const shapes = { a: [17, 3, 3, 3], b: [5], c: [2, 33], d: [] } as const;

/** Gradients that depend on the parameters: slope = w·x + x. */
const fed = (parameters: Training['parameters'], more: Partial<Training> = {}): Training => ({
  parameters,
  feeds: Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }], i) => [`${name}.x`, normals(shape, 50 + i)]),
  ),
  gradients: (g, v) =>
    Object.fromEntries(
      Object.keys(parameters).map((name) => [name, g.Add(g.Mul(v[name], v[`${name}.x`]), v[`${name}.x`])]),
    ),
  slopes: (v) =>
    Object.fromEntries(
      Object.keys(parameters).map((name) => [
        name,
        v[name]!.map((w, i) => w * v[`${name}.x`]![i]! + v[`${name}.x`]![i]!),
      ]),
    ),
  ...more,
});

const all = (settings: Partial<Settings> = {}): Training['parameters'] =>
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
  const shared = (first: Partial<Settings>, second: Partial<Settings>): Training => {
    const parameters = { a: { shape: [17, 3], settings: first }, b: { shape: [17, 3], settings: second } };
    return {
      parameters,
      feeds: { x: normals([17, 3], 5) },
      gradients(g, v) {
        const slope = g.Mul(v.x, g.Add(v.a, v.b));
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
            double: g.Add(slope, slope),
            late: g.Add(slope, next),
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
          const slope = g.Mul(x, a);
          return { a: slope, b: g.Reshape(slope, g.int64s([51])) };
        },
        slopes({ x, a }) {
          const slope = x!.map((v, i) => v * a![i]!);
          return { a: slope, b: slope };
        },
      }),
  );

  it('what reads parameters after their update sees the new values, beside the old', () =>
    checkTraining(
      executor,
      fed(all({ decay: 0.1 }), {
        results: (g, v) => ({ late: g.Mul(v['a′'], g.floats(2)), step: g.Sub(v['a′'], v.a) }),
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
          return { step: g.Sub(g.Reshape(v['a′'], flat), g.Reshape(v.a, flat)) };
        },
        expected: (v) => ({ step: v['a′']!.map((x, i) => x - v.a![i]!) }),
      }),
    ));

  it('results that are old values, and views of them', () =>
    checkTraining(
      executor,
      fed(all(), {
        results: (g, { a, 'a.m': m }) => ({
          old: g.Identity(a),
          flat: g.Reshape(a, g.int64s([-1])),
          m: g.Flatten(m),
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

  it('one parameter, of one element', () =>
    checkTraining(executor, fed({ d: { shape: [1], settings: { nesterov: true } } })));

  it('parameters that fill many blocks', async () => {
    const shape = [33, 24, 3, 3];
    expect(elementCount(shape)).toBeGreaterThan(4096);
    await checkTraining(executor, fed({ a: { shape }, b: { shape: [1] }, c: { shape } }));
  });
});

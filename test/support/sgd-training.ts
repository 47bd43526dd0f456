import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { floats, type Tensor } from '../../src/numeric/tensor.ts';
import type { Executor, Tensors } from '../../src/runtime/executor.ts';
import { compileOn, copied, expectNear, graphOf } from './executors.ts';
import { type SgdSettings, sgdStep } from './reference/optimizers.ts';
import { normals } from './run-graph.ts';

type Values = Readonly<Record<string, Value>>;
/** How one parameter is updated, but for the rate. */
export type UpdateSettings = Omit<SgdSettings, 'rate'>;

const plain: UpdateSettings = { momentum: 0.9, nesterov: false, decay: 0, decoupled: false };

interface Parameter {
  readonly shape: readonly number[];
  readonly settings?: Partial<UpdateSettings>;
}

/** Parameters, their gradients in a graph and in numbers, and what else to look at. */
export interface SgdTraining {
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

const attributesOf = ({ momentum, nesterov, decay, decoupled }: UpdateSettings) => ({
  momentum,
  nesterov: Number(nesterov),
  weight_decay: decay,
  decoupled: Number(decoupled),
});

const settingsOf = ({ settings }: Parameter): UpdateSettings => ({ ...plain, ...settings });

/** `a` → `a.slope`. */
const underSlopes = <T>(slopes: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(slopes).map(([name, slope]) => [`${name}.slope`, slope]));

function trainingGraph({ parameters, feeds, gradients, results, adjust }: SgdTraining, state: Tensors) {
  const rate = floats([], [0]);
  const tensors: Tensors = { ...state, ...feeds, rate };
  return graphOf(tensors, (g, v) => {
    const slopes = gradients(g, v);
    const next: Record<string, Value> = {};
    for (const [name, parameter] of Object.entries(parameters)) {
      const inputs = [v[name]!, slopes[name]!, v[`${name}.m`]!, v.rate!] as const;
      const [w, m] = g.SgdUpdate(...inputs, attributesOf(settingsOf(parameter)));
      next[`${name}′`] = adjust ? adjust(g, w, name) : w;
      next[`${name}.m′`] = m;
    }
    return { ...next, ...results?.(g, { ...v, ...next, ...underSlopes(slopes) }) };
  });
}

/** Four steps in an executor and in a loop, at a rate that changes; compares all state and results after each. */
export async function checkTraining(executor: Executor, training: SgdTraining): Promise<void> {
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

/** Gradients that depend on the parameters: slope = w·x + x. */
export const fed = (parameters: SgdTraining['parameters'], more: Partial<SgdTraining> = {}): SgdTraining => ({
  parameters,
  feeds: Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }], i) => [`${name}.x`, normals(shape, 50 + i)]),
  ),
  gradients: (g, v) =>
    Object.fromEntries(
      Object.keys(parameters).map((name) => [name, g.Add(g.Mul(v[name]!, v[`${name}.x`]!), v[`${name}.x`]!)]),
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

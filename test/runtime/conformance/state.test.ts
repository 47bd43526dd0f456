import { expect, it } from 'vitest';
import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { floats, type Tensor } from '../../../src/numeric/tensor.ts';
import type { Executor, Tensors } from '../../../src/runtime/executor.ts';
import { compileOn, copied, describeExecutors, expectNear, graphOf } from '../../support/executors.ts';
import { referenceOf } from '../../support/reference/array.ts';
import { convolution, weightGradient } from '../../support/reference/convolution.ts';
import { sgdStep } from '../../support/reference/optimizers.ts';
import { normals } from '../../support/run-graph.ts';

type Values = Readonly<Record<string, Value>>;

interface Stateful {
  readonly state: Tensors;
  readonly feeds?: Tensors;
  /** The graph's results, and the next value of every state under `<name>′`. */
  readonly build: (g: Builder, values: Values) => Values;
}

/** Compiles a graph and writes the state's first values. */
async function started(executor: Executor, { state, feeds = {}, build }: Stateful) {
  const graph = graphOf({ ...state, ...feeds }, build);
  const pairs = Object.keys(state).map((name) => ({ input: name, output: `${name}′` }));
  const program = await compileOn(executor, graph, { state: pairs });
  program.writeState(state);
  return program;
}

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
            ? g.Identity(value)
            : g.Reshape(g.Reshape(value, g.int64s([2, 1])), g.int64s([2]));
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

  it.each([
    ['17 → 24 channels', [24, 17, 3, 3], 1],
    ['3 → 16 channels', [16, 3, 3, 3], 1],
    ['16 → 16 channels', [16, 16, 3, 3], 1],
    ['two groups', [32, 16, 3, 3], 2],
    ['depthwise', [24, 1, 3, 3], 24],
    ['one axis', [10, 16, 3], 1],
  ] as const)('weights are read as they were written: %s', async (_, shape, group) => {
    const spatial = shape.slice(2).map(() => 5);
    const x = normals([2, shape[1] * group, ...spatial], 1);
    const w = normals(shape, 2);
    const rate = floats([], [0]);
    const ones = [...spatial, ...spatial].map(() => 1);
    const window = {
      strides: spatial.map(() => 1),
      pads: ones,
      dilations: spatial.map(() => 1),
      group,
    };
    const program = await started(executor, {
      state: { w, m: floats(shape, new Float32Array(w.data.length)) },
      feeds: { x, rate },
      build(g, v) {
        const y = g.Conv(v.x, v.w, window);
        const d = g.ConvGradWeight(v.x, y, { ...window, size: shape });
        const [nextW, nextM] = g.SgdUpdate(v.w, d, v.m, v.rate);
        return { y, 'w′': nextW, 'm′': nextM };
      },
    });
    expect(list(program.readState().w)).toEqual([...w.data]);
    const { y } = await program.run({ x, rate });
    expectNear(y!, convolution(referenceOf(x), referenceOf(w), window).data);
    expect(list(program.readState().w)).toEqual([...w.data]);
    const other = normals(shape, 3);
    program.writeState({ w: other });
    expect(list(program.readState().w)).toEqual([...other.data]);
    const again = await program.run({ x, rate });
    expectNear(again.y!, convolution(referenceOf(x), referenceOf(other), window).data);
    const slope = weightGradient(
      referenceOf(x),
      convolution(referenceOf(x), referenceOf(w), window),
      window,
      shape,
    );
    const slope2 = weightGradient(
      referenceOf(x),
      convolution(referenceOf(x), referenceOf(other), window),
      window,
      shape,
    );
    const momentum = slope.data.map((d, i) => 0.9 * d + slope2.data[i]!);
    expectNear(program.readState().m!, momentum, { what: 'momentum' });
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

  it('trains a convolution as a loop does, through any number of runs', async () => {
    const window = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
    const w = normals([10, 3, 3, 3], 1);
    const zero = floats(w.shape, new Float32Array(w.data.length));
    const x = normals([2, 3, 7, 7], 2);
    const dy = normals([2, 10, 4, 4], 3, 0.1);
    const rate = floats([], [0.1]);
    const program = await started(executor, {
      state: { w, m: zero },
      feeds: { x, dy, rate },
      build(g, v) {
        const y = g.Conv(v.x, v.w, window);
        // L = Σ y²/2·dy: the gradient depends on the weights.
        const d = g.ConvGradWeight(v.x, g.Mul(y, v.dy), { ...window, size: w.shape });
        const [nextW, nextM] = g.SgdUpdate(v.w, d, v.m, v.rate, { momentum: 0.5, weight_decay: 0.01 });
        return { y, 'w′': nextW, 'm′': nextM };
      },
    });
    let expected = { w: [...w.data], m: [...zero.data] };
    for (let step = 0; step < 5; step++) {
      const y = convolution(referenceOf(x), { shape: w.shape, data: Float64Array.from(expected.w) }, window);
      const slope = { ...y, data: y.data.map((v, i) => v * dy.data[i]!) };
      const d = weightGradient(referenceOf(x), slope, window, w.shape);
      const settings = { momentum: 0.5, nesterov: false, decay: 0.01, decoupled: false, rate: 0.1 };
      expected = sgdStep(expected.w, [...d.data], expected.m, settings);
      const results = await program.run({ x, dy, rate });
      expectNear(results.y!, y.data, { what: `y of step ${step}` });
      expectNear(program.readState().w!, expected.w, { what: `w after step ${step}` });
      expectNear(program.readState().m!, expected.m, { what: `m after step ${step}` });
    }
    await program.close();
  });
});

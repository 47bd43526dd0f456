import { expect, it } from 'vitest';
import type { Builder } from '../../../src/graph/builder.ts';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../../src/graph/graph.ts';
import { floats, makeTensor, type Tensor } from '../../../src/numeric/tensor.ts';
import type { CompileOptions, Executor } from '../../../src/runtime/executor.ts';
import { compileOn, copied, describeExecutors, graphOf, runOn } from '../../support/executors.ts';
import { normals } from '../../support/run-graph.ts';

type Values = Readonly<Record<string, Value>>;

const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1], group: 1 };
const x = normals([4, 10, 8, 8], 1);
const w = normals([17, 10, 3, 3], 2);

/** A convolution, its gradients and a loss: sums that threads might add in any order. */
const build = (g: Builder, v: Values) => {
  const y = g.Relu(g.Conv(v.x!, v.w!, window));
  const { kernel_shape, ...rest } = window;
  return {
    y,
    dw: g.ConvGradWeight(v.x!, y, { ...rest, size: w.shape }),
    dx: g.ConvGradInput(y, v.w!, { ...rest, size: x.shape }),
    sum: g.ReduceSum(y, g.int64s([0, 2, 3])),
    wave: g.Sin(y),
  };
};

const compiled = (executor: Executor, options: CompileOptions = {}) =>
  compileOn(executor, graphOf({ x, w }, build), options);

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: Error) => error,
  );

function expectRefusal(error: unknown, text: RegExp): void {
  expect(error).toMatchObject({ name: 'EspalierError' });
  expect((error as Error).message).toMatch(text);
  expect((error as Error).message).not.toContain('\n');
}

describeExecutors('a program', (executor) => {
  it.each([1, 2])('run twice on the same feeds gives the same bits, on %d threads', async (threads) => {
    const program = await compiled(executor, { threads });
    const first = copied(await program.run({ x, w }));
    const second = copied(await program.run({ x, w }));
    expect(second).toEqual(first);
    await program.close();
  });

  it('that is closed leaves its results as they are', async () => {
    const program = await compiled(executor);
    const results = await program.run({ x, w });
    const before = copied(results);
    await program.close();
    expect(copied(results)).toEqual(before);
    expectRefusal(await failure(program.run({ x, w })), /closed|disposed/);
  });

  it('lets the event loop turn, so that signals are heard', async () => {
    const program = await compileOn(
      executor,
      graphOf({ x }, (g, v) => ({ y: g.Relu(v.x) })),
    );
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await program.run({ x });
    expect(turned).toBe(true);
    await program.close();
  });

  it('reads feeds and does not keep them', async () => {
    const program = await compiled(executor);
    const mine = copied({ x, w });
    const first = copied(await program.run(mine));
    expect(mine).toEqual(copied({ x, w }));
    for (const { data } of Object.values(mine)) (data as Float32Array).fill(9);
    const second = copied(await program.run({ x, w }));
    expect(second).toEqual(first);
    await program.close();
  });

  it('does not disturb another that runs in turn with it', async () => {
    const [one, other] = [await compiled(executor), await compiled(executor)];
    const negative = floats(
      x.shape,
      x.data.map((v) => -v),
    );
    const first = copied(await one.run({ x, w }));
    await other.run({ x: negative, w });
    expect(copied(await one.run({ x, w }))).toEqual(first);
    await other.close();
    expect(copied(await one.run({ x, w }))).toEqual(first);
    await one.close();
  });

  it('leaves the graph as it was', async () => {
    const graph = graphOf({ x, w }, build);
    const before = JSON.stringify(graph.nodes.map(({ name, op, inputs }) => [name, op, inputs.length]));
    await (await compileOn(executor, graph)).close();
    expect(JSON.stringify(graph.nodes.map(({ name, op, inputs }) => [name, op, inputs.length]))).toBe(before);
    expect(await runOn(executor, graph, { x, w })).toEqual(await runOn(executor, graph, { x, w }));
  });
});

describeExecutors('what a program refuses', (executor) => {
  const pair = { input: 'total', output: 'next' };
  const add = (state = [pair]) =>
    executor.compile(
      graphOf({ total: floats([2], [0, 0]), x: floats([2], [0, 0]) }, (g, v) => ({
        next: g.Add(v.total, v.x),
      })),
      { threads: 1, state },
    );
  const refused = async (feeds: Record<string, Tensor>) => {
    const program = await add();
    const error = await failure(program.run(feeds));
    await program.close();
    return error;
  };

  it.each<[string, Record<string, Tensor>]>([
    ['a missing input', {}],
    ['an input of another size', { x: floats([3], [1, 2, 3]) }],
    ['an input of another shape', { x: floats([1, 2], [1, 2]) }],
    ['an input of another type', { x: makeTensor('int64', [2], BigInt64Array.of(1n, 2n)) }],
    ['an input of another precision', { x: makeTensor('float64', [2], Float64Array.of(1, 2)) }],
  ])('%s', async (_, feeds) => expectRefusal(await refused(feeds), /x|type/));

  it('state of unknown name, other size or type', async () => {
    const program = await add();
    expect(() => program.writeState({ sum: floats([2], [1, 2]) })).toThrow('no state is called sum');
    expect(() => program.writeState({ total: floats([3], [1, 2, 3]) })).toThrow(
      'total: expected float32 [2], got float32 [3]',
    );
    expect(() => program.writeState({ total: makeTensor('float64', [2], Float64Array.of(1, 2)) })).toThrow(
      'total: expected float32 [2], got float64 [2]',
    );
    await program.close();
  });

  it('state that the graph does not have', async () => {
    expectRefusal(
      await failure(add([{ input: 'sum', output: 'next' }])),
      /state sum is no input of the graph/,
    );
    expectRefusal(await failure(add([{ input: 'total', output: 'sum' }])), /state sum is no output/);
  });

  it.each([
    ['filters', [1, 3, 4, 4], [0, 3, 1, 1], [1, 0, 4, 4]],
    ['channels', [1, 0, 4, 4], [3, 0, 1, 1], [1, 3, 4, 4]],
  ])('a convolution without %s', async (_, image, weight, result) => {
    const graph = emptyGraph('empty');
    const g = builderOf(graph);
    const inputs = [g.input('x', 'float32', image), g.input('w', 'float32', weight)];
    const y = { ...inputs[0]!, name: 'y', shape: result };
    graph.nodes.push({ op: 'Conv', domain: '', name: 'c', inputs, outputs: [y], attributes: {} });
    graph.outputs.push(y);
    expectRefusal(await failure(executor.compile(graph)), /c \(Conv\)|convolution/);
  });

  it('an operator that nobody knows', async () => {
    const graph = emptyGraph('unknown');
    const inputs = [builderOf(graph).input('x', 'float32', [1])];
    const y = { ...inputs[0]!, name: 'y' };
    graph.nodes.push({ op: 'Frobnicate', domain: '', name: 'f', inputs, outputs: [y], attributes: {} });
    graph.outputs.push(y);
    expectRefusal(await failure(executor.compile(graph)), /Frobnicate/);
  });

  it.each(['float64', 'int8'] as const)('nothing of MaxPool on %s', async (dtype) => {
    const data =
      dtype === 'float64' ? Float64Array.from({ length: 144 }, (_, i) => i / 3) : new Int8Array(144).fill(3);
    const image = makeTensor(dtype, [1, 16, 3, 3], data);
    const graph = graphOf({ x: image }, (g, v) => ({
      y: g.node('MaxPool', [v.x!], { kernel_shape: [3, 3] }, 1)[0]!,
    }));
    const { y } = await runOn(executor, graph, { x: image });
    expect(y!.dtype).toBe(dtype);
    expect(Array.from(y!.data as Float64Array)).toEqual(
      Array.from({ length: 16 }, (_, c) => (dtype === 'int8' ? 3 : (9 * c + 8) / 3)),
    );
  });
});

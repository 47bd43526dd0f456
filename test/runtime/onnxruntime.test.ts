import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { floats, scalar } from '../../src/numeric/tensor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { openSession } from '../../src/runtime/onnxruntime/open-session.ts';

/** total′ = total + x; the result is total′ · 10. */
function accumulator() {
  const graph = emptyGraph('accumulator');
  const g = builderOf(graph);
  const total = g.input('total', 'float32', [2]);
  const next = g.Add(total, g.input('x', 'float32', [2]));
  g.output(next, 'next');
  g.output(g.Mul(next, g.floats(10)), 'y');
  return graph;
}

describe('onnxruntime executor', () => {
  it('refuses inputs and outputs whose names it would cut', async () => {
    const graph = accumulator();
    graph.outputs[1]!.name = 'y\0z';
    await expect(onnxruntime.compile(graph)).rejects.toThrow('without NUL characters');
  });

  it('keeps state between runs and hands out the other results', async () => {
    const program = await onnxruntime.compile(accumulator(), { state: [{ input: 'total', output: 'next' }] });
    const seen: number[][] = [];
    for (const x of [1, 2, 3]) {
      const { y, ...others } = await program.run({ x: floats([2], [x, -x]) });
      expect(others).toEqual({});
      seen.push(Array.from(y!.data as Float32Array));
    }
    expect(seen).toEqual([
      [10, -10],
      [30, -30],
      [60, -60],
    ]);
    expect(Array.from(program.readState().total!.data as Float32Array)).toEqual([6, -6]);
    program.writeState({ total: floats([2], [100, 0]) });
    await program.run({ x: floats([2], [1, 1]) });
    expect(Array.from(program.readState().total!.data as Float32Array)).toEqual([101, 1]);
    await program.close();
  });

  it('runs models that are too large for one message through a file, and leaves none', async () => {
    const graph = emptyGraph('large');
    const g = builderOf(graph);
    const weights = floats(
      [1000],
      Array.from({ length: 1000 }, (_, i) => i),
    );
    g.output(g.Add(g.input('x', 'float32', [1000]), g.constant(weights)), 'y');
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('espalier-session-'));
    const before = folders();
    const session = await openSession(graph, { optimization: 'disabled' }, 0);
    expect(folders()).toEqual(before);
    const feed = session.tensor(floats([1000], weights.data));
    const y = session.read((await session.run({ x: feed }, { y: null })).y);
    expect(Array.from(y.data as Float32Array)).toEqual(Array.from({ length: 1000 }, (_, i) => 2 * i));
    await session.close();
  });

  it('uses two state buffers in turn, whatever the number of steps', async () => {
    const program = await onnxruntime.compile(accumulator(), { state: [{ input: 'total', output: 'next' }] });
    const buffers = new Set<unknown>();
    for (let i = 0; i < 10; i++) {
      await program.run({ x: floats([2], [1, 1]) });
      buffers.add((program.readState().total!.data as Float32Array).buffer);
    }
    expect(buffers.size).toBe(2);
    await program.close();
  });

  it('refuses state of the wrong shape and of unknown name', async () => {
    const program = await onnxruntime.compile(accumulator(), { state: [{ input: 'total', output: 'next' }] });
    expect(() => program.writeState({ total: scalar(1) })).toThrow(
      'total: expected float32 [2], got float32 []',
    );
    expect(() => program.writeState({ sum: scalar(1) })).toThrow('no state is called sum');
    await program.close();
  });

  it('refuses a convolution without filters, which would kill the process', async () => {
    const graph = emptyGraph('empty');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', [1, 3, 4, 4]);
    const w = g.input('w', 'float32', [0, 3, 1, 1]);
    graph.nodes.push({
      op: 'Conv',
      domain: '',
      name: 'c',
      inputs: [x, w],
      outputs: [{ ...w, name: 'y' }],
      attributes: {},
    });
    graph.outputs.push(graph.nodes[0]!.outputs[0]!);
    await expect(onnxruntime.compile(graph)).rejects.toThrow('c (Conv): expected at least one filter');
  });

  it("turns the engine's failures into one line", async () => {
    const program = await onnxruntime.compile(accumulator());
    const failure = await program.run({ x: floats([2], [1, 2]) }).catch((error: Error) => error);
    expect(failure).toMatchObject({ name: 'EspalierError', code: 'runtime' });
    expect((failure as Error).message).not.toContain('\n');
    await program.close();
  });
});

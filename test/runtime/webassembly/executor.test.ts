import { describe, expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../../src/graph/graph.ts';
import { webassembly } from '../../../src/runtime/webassembly/executor.ts';
import { expectNear } from '../../support/executors.ts';
import { normals, outputOf } from '../../support/run-graph.ts';

function network(batch: number | string): Graph {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [batch, 3, 6, 5]);
  const w = g.constant(normals([4, 3, 3, 3], 1));
  g.output(g.Flatten(g.GlobalAveragePool(g.Relu(g.Conv(x, w, { pads: [1, 1, 1, 1] })))), 'y');
  return graph;
}

describe('the executor on WebAssembly', () => {
  it('compiles a graph of an open batch for each batch that it is fed', async () => {
    const graph = network('N');
    const program = await webassembly.compile(graph);
    for (const batch of [1, 3, 1]) {
      const x = normals([batch, 3, 6, 5], batch);
      const { y } = await program.run({ x });
      expect(y!.shape).toEqual([batch, 4]);
      expectNear(y!, await outputOf(graph, x));
    }
    await program.close();
  });

  it.each([
    [
      'a feed of another shape',
      { x: normals([2, 3, 6, 5], 1) },
      'x: expected float32 [1,3,6,5], got float32 [2,3,6,5]',
    ],
    ['a feed that is missing', {}, 'x: expected a feed, found none'],
    ['an unknown feed', { x: normals([1, 3, 6, 5], 1), z: normals([1], 1) }, 'no input is called z'],
  ])('refuses %s', async (_, feeds, message) => {
    const program = await webassembly.compile(network(1));
    await expect(program.run(feeds)).rejects.toThrow(message);
  });

  it('refuses state and runs after closing', async () => {
    const state = [{ input: 'x', output: 'y' }];
    await expect(webassembly.compile(network(1), { state })).rejects.toThrow('keeps no state');
    const program = await webassembly.compile(network(1));
    await program.close();
    await expect(program.run({ x: normals([1, 3, 6, 5], 1) })).rejects.toThrow('closed');
  });

  it('names every node that it cannot compile', async () => {
    const graph = emptyGraph('refused');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', [2, 3]);
    g.output(g.named('wave').Tan(x));
    g.output(g.named('bits').Greater(x, g.floats(1)));
    await expect(webassembly.compile(graph)).rejects.toThrow(
      'cannot be compiled: wave (Tan): it has no kernel; bits (Greater): it has no kernel',
    );
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { firstDifference, withWeightsOf } from '../../src/grafting/architecture.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';

/** Other names, and weights times a factor. */
function renamed(network: Graph, factor: number): Graph {
  const graph = cloneGraph(network);
  for (const value of graph.initializers) {
    value.name = `other.${value.name}`;
    const { tensor } = value;
    if (tensor?.dtype === 'float32')
      value.tensor = { ...tensor, data: (tensor.data as Float32Array).map((x) => factor * x) };
  }
  for (const node of graph.nodes) node.name = `other.${node.name}`;
  return graph;
}

describe('two networks', () => {
  it('of one architecture differ in weights and names alone, and exchange weights', () => {
    const first = plainNetwork();
    const second = renamed(first, 2);
    expect(firstDifference(first, second)).toBeNull();
    const taken = withWeightsOf(first, second);
    expect(taken.initializers.map(({ name }) => name)).toEqual(first.initializers.map(({ name }) => name));
    for (const [i, { tensor }] of first.initializers.entries())
      expect(taken.initializers[i]!.tensor!.data[0]).toBe(2 * Number(tensor!.data[0]));
  });

  it.each<[string, Graph, RegExp]>([
    [
      'width',
      plainNetwork({ widths: [8, 16] }),
      /^conv2 \(Conv\): input 1: expected float32 \[12, 8, 3, 3\], found/,
    ],
    ['depth', plainNetwork({ widths: [8] }), /expected \S+ \(\w+\) instead/],
    ['form', residualNetwork(), /expected \S+ \(\w+\)|input|strides/],
  ])('of another %s are told by the first thing that differs', (_, other, message) => {
    expect(firstDifference(plainNetwork(), other)).toMatch(message);
    expect(firstDifference(other, plainNetwork())).not.toBeNull();
  });

  it('of other attributes', () => {
    const other = plainNetwork();
    const node = other.nodes.find(({ name }) => name === 'conv2')!;
    node.attributes = { ...node.attributes, strides: { kind: 'ints', value: [1, 1] } };
    expect(firstDifference(plainNetwork(), other)).toBe('conv2 (Conv): strides: expected [2,2], found [1,1]');
  });
});

describe('graft with several models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-models-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const raw = () => ({
    data: at('images'),
    epochs: '1',
    batch: '16',
    threads: '1',
    executor: 'onnxruntime',
    mean: '0.5,0.5,0.5',
    std: '0.25,0.25,0.25',
  });
  beforeAll(async () => {
    await writeImageFolder(at('images'), { count: 32, size: 8, classes: 4, seed: 1 });
    writeModelFile(plainNetwork(), at('a.onnx'));
    writeModelFile(renamed(plainNetwork(), 0.9), at('b.onnx'));
    writeModelFile(plainNetwork({ widths: [8, 16] }), at('wide.onnx'));
  }, 60_000);

  it('trains one network of each', async () => {
    const models = [at('a.onnx'), at('b.onnx'), at('a.onnx')];
    const result = await runCommand(graftCommand, models, [{ ...raw(), out: at('three') }]);
    expect(result.members).toHaveLength(3);
  }, 120_000);

  it('refuses another architecture, and another count', async () => {
    const wide = runCommand(graftCommand, [at('a.onnx'), at('wide.onnx')], [{ ...raw(), out: at('wide') }]);
    await expect(wide).rejects.toThrow(
      `${at('wide.onnx')}: differs from ${at('a.onnx')} in architecture: conv2 (Conv): input 1: expected`,
    );
    const three = { ...raw(), networks: '3', out: at('counted') };
    await expect(runCommand(graftCommand, [at('a.onnx'), at('b.onnx')], [three])).rejects.toThrow(
      '--networks: expected 2, one per model, found 3',
    );
  }, 60_000);
});

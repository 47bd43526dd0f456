import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { removeDeadFilters } from '../../src/stripes/remove-dead.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import {
  classifier,
  convolutionLayer,
  killFilters,
  plainNetwork,
  residualNetwork,
} from '../support/small-network.ts';

async function difference(before: Graph, after: Graph): Promise<number> {
  const input = normals([3, 3, 8, 8], 11);
  return relativeError(await outputOf(after, input), await outputOf(before, input));
}

const weightShape = (graph: Graph, name: string) =>
  graph.nodes.find((node) => node.name === name)!.inputs[1]!.tensor!.shape;

describe('dead filters', () => {
  it('go with the channels that read them', async () => {
    const graph = plainNetwork();
    killFilters(graph, 'conv1', [0, 5, 7]);
    killFilters(graph, 'conv2', [1]);
    const before = cloneGraph(graph);
    const { graph: after, removed } = removeDeadFilters(graph);
    expect(removed).toEqual([
      { name: 'conv1', filters: 3, of: 8 },
      { name: 'conv2', filters: 1, of: 12 },
    ]);
    expect(weightShape(after, 'conv2')).toEqual([11, 5, 3, 3]);
    expect(weightShape(after, 'fc')).toEqual([4, 11]);
    expect(await difference(before, after)).toBeLessThan(1e-6);
    expect(weightShape(before, 'conv2')).toEqual([12, 8, 3, 3]);
  });

  it('stay where a residual sum shares their channel, with the reason', async () => {
    const graph = residualNetwork();
    killFilters(graph, 'stem', [2]);
    killFilters(graph, 'block.conv1', [0, 1]);
    const { graph: after, removed, leftAlone } = removeDeadFilters(graph);
    expect(removed).toEqual([{ name: 'block.conv1', filters: 2, of: 12 }]);
    expect(leftAlone).toEqual([
      { code: 'shared', where: 'stem', filters: 1, reason: 'it is read by block.add (Add)' },
    ]);
    expect(await difference(graph, after)).toBeLessThan(1e-6);
  });

  it('stay where their map is constant but not zero in front of a padded convolution', () => {
    const graph = plainNetwork();
    killFilters(graph, 'conv1', [3]);
    const shift = graph.initializers.find(({ name }) => name === 'conv1.bn.shift')!;
    shift.tensor = { ...shift.tensor!, data: (shift.tensor!.data as Float32Array).map(() => 0.5) };
    const { removed, leftAlone } = removeDeadFilters(graph);
    expect(removed).toEqual([]);
    expect(leftAlone[0]?.reason).toContain('output a non-zero constant');
  });

  it('stay in front of a Clip whose lower bound is computed', () => {
    const graph = emptyGraph('clipped');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', ['N', 3, 8, 8]);
    const filters = convolutionLayer(g, x, 'conv1', { filters: 8, seed: 1 });
    const clipped = g.Clip(filters, g.ReduceMean(x, null, { keepdims: 0 }), null);
    g.output(classifier(g, convolutionLayer(g, clipped, 'conv2', { filters: 8, seed: 2 }), 4), 'scores');
    killFilters(graph, 'conv1', [3]);
    expect(removeDeadFilters(graph).removed).toEqual([]);
  });
});

describe('a dead branch', () => {
  it('leaves the shortcut, and what its last normalisation adds', async () => {
    const graph = residualNetwork();
    killFilters(graph, 'block.conv1', [...Array(12).keys()]);
    const { graph: after, removedBranches } = removeDeadFilters(graph);
    expect(removedBranches).toEqual(['block.add']);
    expect(after.nodes.map(({ op }) => op)).toEqual([
      'Conv',
      'BatchNormalization',
      'Relu',
      'Add',
      'Relu',
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
    ]);
    expect(await difference(graph, after)).toBeLessThan(1e-6);
  });

  it('stays where only those that add nothing are to go', () => {
    const graph = residualNetwork();
    killFilters(graph, 'block.conv1', [...Array(12).keys()]);
    expect(removeDeadFilters(graph, { branches: 'zero' }).removedBranches).toEqual([]);
    killFilters(graph, 'block.conv2', [...Array(8).keys()]);
    expect(removeDeadFilters(graph, { branches: 'zero' }).removedBranches).toEqual(['block.add']);
  });

  it('vanishes altogether where nothing is added', async () => {
    const graph = residualNetwork();
    killFilters(graph, 'block.conv2', [...Array(8).keys()]);
    const { graph: after } = removeDeadFilters(graph);
    expect(after.nodes.map(({ op }) => op)).toEqual([
      'Conv',
      'BatchNormalization',
      'Relu',
      'Relu',
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
    ]);
    expect(await difference(graph, after)).toBeLessThan(1e-6);
  });
});

it('says so when nothing of the network is left', () => {
  const graph = plainNetwork();
  killFilters(graph, 'conv1', [...Array(8).keys()]);
  expect(() => removeDeadFilters(graph)).toThrow('conv1: all filters are zero');
});

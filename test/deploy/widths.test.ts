import { describe, expect, it } from 'vitest';
import { fillWidths } from '../../src/deploy/widths.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';

const filters = ({ nodes }: Graph): number[] =>
  nodes.flatMap(({ op, inputs }) => (op === 'Conv' ? [inputs[1]!.tensor!.shape[0]!] : []));

async function difference(a: Graph, b: Graph): Promise<number> {
  const input = normals([2, 3, 8, 8], 7);
  return relativeError(await outputOf(a, input), await outputOf(b, input));
}

describe('fillWidths', () => {
  it('fills layers up to a multiple, and those that read them, and computes the same', async () => {
    const network = plainNetwork({ widths: [13, 27] });
    const { graph, filled } = fillWidths(network, 16);
    expect([filters(network), filters(graph), filled]).toEqual([[13, 27], [16, 32], 2]);
    expect(graph.nodes.find(({ name }) => name === 'fc')!.inputs[1]!.tensor!.shape).toEqual([4, 32]);
    expect(await difference(graph, network)).toBeLessThan(1e-6);
  });

  it('leaves layers that are far from the multiple, or at it', () => {
    const { graph, filled } = fillWidths(plainNetwork({ widths: [7, 32] }), 16);
    expect([filters(graph), filled]).toEqual([[7, 32], 0]);
  });

  it('leaves layers whose channels a residual sum shares', async () => {
    const network = residualNetwork({ width: 13 });
    const { graph, filled } = fillWidths(network, 16);
    expect([filters(graph), filled]).toEqual([[13, 32, 13], 1]);
    expect(await difference(graph, network)).toBeLessThan(1e-6);
  });
});

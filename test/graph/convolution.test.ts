import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { readConvolution, readPlanarConvolution } from '../../src/graph/convolution.ts';
import { isRefusal } from '../../src/graph/edit/refused.ts';
import { type Dim, emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import type { GivenAttributesOf } from '../../src/graph/operators/index.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

type Attributes = GivenAttributesOf<'Conv'>;

function convOf(attributes: Attributes, size: readonly Dim[] = [9, 6], kernel = [3, 2]): Graph {
  const g = builderOf(emptyGraph('net'));
  const x = g.input('x', 'float32', [1, 4, ...size]);
  const weight = g.constant(normals([6, 4 / (attributes.group ?? 1), ...kernel], 1));
  g.output(g.named('conv').Conv(x, weight, g.constant(normals([6], 2)), attributes), 'y');
  return g.graph;
}

describe('a convolution that is read', () => {
  it.each<[string, Attributes]>([
    ['same padding, more of it behind', { auto_pad: 'SAME_UPPER', strides: [2, 3] }],
    ['same padding, more of it in front', { auto_pad: 'SAME_LOWER', strides: [2, 1] }],
    ['no padding', { auto_pad: 'VALID', strides: [2, 1] }],
    ['padding of its own, in groups', { pads: [2, 0, 1, 1], group: 2 }],
  ])('computes with its numbers what it computed: %s', async (_, attributes) => {
    const before = convOf(attributes);
    const read = readPlanarConvolution(before.nodes[0]!);
    if (isRefusal(read)) throw new Error(read.reason);
    const { weight, bias, group, kernel, strides, dilations, pads } = read;
    const g = builderOf(emptyGraph('net'));
    const x = g.input('x', 'float32', [1, 4, 9, 6]);
    const parameters = [weight, { ...weight, shape: [6], data: bias! }].map((tensor) => g.constant(tensor));
    const explicit = { kernel_shape: kernel, strides, dilations, pads, group };
    g.output(g.Conv(x, parameters[0]!, parameters[1]!, explicit), 'y');
    const { error } = await verifyEquivalent(before, g.graph, { executor: onnxruntime });
    expect(error).toBeLessThan(1e-6);
  });

  it('has the same padding at any size where it does not stride', () => {
    const read = readConvolution(convOf({ auto_pad: 'SAME_UPPER', dilations: [2, 1] }, ['H', 'W']).nodes[0]!);
    expect(read).toMatchObject({ window: { pads: [2, 0, 2, 1] } });
  });
});

describe('a convolution is refused', () => {
  const computed = (graph: Graph, input: number): Graph => {
    const node = graph.nodes[0]!;
    node.inputs[input] = { ...(node.inputs[input] as Value), tensor: null };
    return graph;
  };

  it.each<[string, Graph, object]>([
    [
      'with a weight that is computed',
      computed(convOf({}), 1),
      { code: 'not-constant', reason: 'the weight of conv is not a float32 constant' },
    ],
    [
      'with a bias that is computed',
      computed(convOf({}), 2),
      { code: 'not-constant', reason: 'the bias of conv is not a float32 constant' },
    ],
    [
      'whose padding depends on a size',
      convOf({ auto_pad: 'SAME_UPPER', strides: [2, 2] }, ['H', 'W']),
      { code: 'open-size', reason: 'the padding of conv depends on the size of its input' },
    ],
    [
      'of one axis',
      convOf({}, [9], [3]),
      { code: 'unsupported', reason: 'conv has 1 spatial axes, expected two' },
    ],
  ])('%s', (_, graph, refusal) => {
    expect(readPlanarConvolution(graph.nodes[0]!)).toEqual(refusal);
  });
});

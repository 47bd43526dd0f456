import { expect, it } from 'vitest';
import { layerTail } from '../../src/graph/layer-tail.ts';
import { parseGraph } from '../../src/graph/text/index.ts';
import { connections } from '../../src/graph/topology.ts';

/** The tail of a convolution c, by the names of its nodes' outputs. */
function tailOf(nodes: string): object {
  const graph = parseGraph(`net(float32[1, 4, 5, 5] x, float32[1, 4, 5, 5] other) => (float32 y) {
    float32[4, 4, 1, 1] w = random(seed = 1)
    float32[4, 1, 1] b = random(seed = 2)
    float32[4] p = random(seed = 3)
    float32[4] v = {1, 1, 1, 1}
    c = Conv(x, w)
    ${nodes}
  }`);
  const conv = graph.nodes.find(({ op }) => op === 'Conv')!;
  const { normalization, activation, value, readers } = layerTail(conv, connections(graph));
  return {
    normalization: normalization?.outputs[0]?.name ?? null,
    activation: activation?.outputs[0]?.name ?? null,
    value: value.name,
    readers,
  };
}

const NORMALIZED = 'BatchNormalization';

it.each<[string, string, object]>([
  [
    'a normalisation and an activation',
    `n = ${NORMALIZED}(c, p, p, p, v)  y = Relu(n)`,
    { normalization: 'n', activation: 'y', value: 'y', readers: '' },
  ],
  [
    'a bias of its own before the normalisation',
    `a = Add(c, b)  n = ${NORMALIZED}(a, p, p, p, v)  y = Relu(n)`,
    { normalization: 'n', activation: 'y', value: 'y', readers: '' },
  ],
  [
    'x·Sigmoid(x) as one activation, which is its product',
    's = Sigmoid(c)  y = Mul(c, s)',
    { normalization: null, activation: 'y', value: 'y', readers: '' },
  ],
  [
    'no normalisation that a sum with another value feeds',
    `a = Add(c, other)  n = ${NORMALIZED}(a, p, p, p, v)  y = Relu(n)`,
    { normalization: null, activation: 'y', value: 'y', readers: '' },
  ],
  [
    'nothing behind a fork',
    'l = Abs(c)  r = Neg(c)  y = Sub(l, r)',
    { normalization: null, activation: null, value: 'c', readers: 'Abs and Neg' },
  ],
  [
    'nothing at the output of the network',
    'y = Identity(c)',
    { normalization: null, activation: null, value: 'y', readers: 'the output of the network' },
  ],
])('has %s', (_, nodes, tail) => {
  expect(tailOf(nodes.replaceAll('  ', '\n'))).toEqual(tail);
});

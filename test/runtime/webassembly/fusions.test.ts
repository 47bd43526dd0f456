import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, makeNode, type Value } from '../../../src/graph/graph.ts';
import { compileNetwork } from '../../../src/runtime/webassembly/compile.ts';
import { attributesKey } from '../../../src/runtime/webassembly/epilogue.ts';
import { expectCompiledEqual } from '../../support/compiled.ts';
import { convolved } from '../../support/random-layers.ts';
import { normals } from '../../support/run-graph.ts';

type Tail = (g: Builder, y: Value) => Value;

const divided = (g: Builder, x: Value, by: number) => g.Div(x, g.floats(by));
const added = (g: Builder, x: Value, by: number) => g.Add(x, g.floats(by));
const perChannel = (g: Builder) => g.constant(normals([1, 8, 1, 1], 9));

/** What exports write behind a layer, and what is computed with it in one step. */
const tails: Readonly<Record<string, Tail>> = {
  ReLU6: (g, y) => g.Clip(y, g.floats(0), g.floats(6)),
  SiLU: (g, y) => g.Mul(y, g.Sigmoid(y)),
  'SiLU, the gate first': (g, y) => g.Mul(g.Sigmoid(y), y),
  'HardSwish by HardSigmoid': (g, y) => g.Mul(y, g.HardSigmoid(y, { alpha: 1 / 6, beta: 0.5 })),
  'HardSwish by Clip': (g, y) => divided(g, g.Mul(y, g.Clip(added(g, y, 3), g.floats(0), g.floats(6))), 6),
  'Gelu by Erf': (g, y) => g.Mul(g.Mul(y, added(g, g.Erf(divided(g, y, Math.SQRT2)), 1)), g.floats(0.5)),
  'Gelu by Tanh': (g, y) => {
    const cube = g.Mul(g.Pow(y, g.floats(3)), g.floats(0.044715));
    return g.Mul(y, added(g, g.Tanh(g.Mul(g.Add(y, cube), g.floats(0.797885))), 1));
  },
  'Mish by Softplus': (g, y) => g.Mul(y, g.Tanh(g.Softplus(y))),
  BatchNormalization: (g, y) =>
    g.Relu(
      g.BatchNormalization(
        y,
        ...(([1, 2, 3] as const).map((seed) => g.constant(normals([8], seed))) as [Value, Value, Value]),
        g.floats(Array.from({ length: 8 }, (_, c) => 0.5 + c)),
      ),
    ),
  'bounds of channels': (g, y) => g.Min(g.Max(y, perChannel(g)), g.floats(2)),
  PRelu: (g, y) => g.PRelu(y, g.constant(normals([8, 1, 1], 9))),
};

/** A graph of `build` on an image, and the steps that it takes. */
async function stepsOf(build: (g: Builder, x: Value) => Value): Promise<readonly string[]> {
  const graph = emptyGraph('fused');
  const g = builderOf(graph);
  g.output(build(g, g.input('x', 'float32', [1, 8, 6, 7])), 'y');
  await expectCompiledEqual(graph);
  return compileNetwork(graph)
    .steps.map(({ op }) => op)
    .filter((op) => op !== 'Copy');
}

const layer = (g: Builder, x: Value, seed: number) =>
  convolved(g, x, { filters: 8, kernel: 3, group: 1, seed });

describe('one step computes a layer and', () => {
  it.each(Object.entries(tails))('%s', async (_, tail) => {
    expect(await stepsOf((g, x) => tail(g, layer(g, x, 1)))).toEqual(['Conv']);
  });

  it('a residual, and its activation', async () => {
    expect(await stepsOf((g, x) => g.Relu(g.Add(x, layer(g, x, 1))))).toEqual(['Conv']);
  });
});

describe('nothing is computed for', () => {
  it('a channel shuffle between layers', async () => {
    const steps = await stepsOf((g, x) => {
      const groups = g.Reshape(layer(g, x, 1), g.int64s([1, 2, 4, 6, 7]));
      const shuffled = g.Reshape(g.Transpose(groups, { perm: [0, 2, 1, 3, 4] }), g.int64s([1, 8, 6, 7]));
      return layer(g, shuffled, 5);
    });
    expect(steps).toEqual(['Conv', 'Conv']);
  });

  it('parts of channels, joined in another order', async () => {
    const steps = await stepsOf((g, x) => {
      const parts = g.node('Split', [layer(g, x, 1), g.int64s([3, 5])], { axis: 1 }, 2);
      return layer(g, g.Concat(parts[1]!, parts[0]!, { axis: 1 }), 5);
    });
    expect(steps).toEqual(['Conv', 'Conv']);
  });

  it('a squeeze beyond its mean, its two layers and its product', async () => {
    const steps = await stepsOf((g, x) => {
      const y = layer(g, x, 1);
      const squeezed = convolved(g, g.GlobalAveragePool(y), { filters: 4, kernel: 1, group: 1, seed: 5 });
      const gate = convolved(g, g.Relu(squeezed), { filters: 8, kernel: 1, group: 1, seed: 9 });
      return g.Mul(y, g.HardSigmoid(gate));
    });
    expect(steps).toEqual(['Conv', 'GlobalAveragePool', 'Conv', 'Conv', 'Mul']);
  });
});

it('tells attributes of 64 bits from each other', () => {
  const relu = (value: bigint) => ({
    ...makeNode('Relu', { name: 'relu', inputs: [], outputs: [] }),
    attributes: { consumed: { kind: 'int', value } as const },
  });
  expect(attributesKey(relu(2n ** 62n))).not.toBe(attributesKey(relu(2n ** 62n + 1n)));
});

import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { findResiduals, type Residual } from '../../src/residual/find.ts';

function kinds(residuals: readonly Residual[]) {
  const count = { identity: 0, projection: 0, other: 0 };
  for (const { kind } of residuals) count[kind]++;
  return count;
}

describe('residual connections', () => {
  // Blocks by He et al.: CIFAR ResNet-20 has 3 stages of 3, ResNet-50 has 3 + 4 + 6 + 3 with a projection each stage.
  it.each([
    ['resnet20', { identity: 7, projection: 0, other: 2 }],
    ['resnet20-b', { identity: 7, projection: 2, other: 0 }],
    ['resnet50', { identity: 12, projection: 4, other: 0 }],
    ['vgg11', { identity: 0, projection: 0, other: 0 }],
  ])('of %s', (name, expected) => {
    expect(kinds(findResiduals(buildModel(name)))).toEqual(expected);
  });

  it('name the Add and where its inputs part, across other branches', () => {
    const g = builderOf(emptyGraph('net'));
    const x = g.input('x', 'float32', ['N', 4, 8, 8]);
    const stem = g.named('stem').Relu(x);
    const weight = g.constant(filled([4, 4, 1, 1], 1));
    const inner = g.named('inner').Conv(g.Relu(stem), weight);
    const sum = g.named('sum').Add(inner, stem);
    g.output(g.named('scaled').Add(sum, g.floats(1)));
    expect(findResiduals(g.graph)).toEqual([{ add: 'sum', from: 'stem', kind: 'identity' }]);
  });

  it('are none where the inputs of an Add have nothing in common', () => {
    const g = builderOf(emptyGraph('net'));
    const [a, b] = ['a', 'b'].map((name) => g.input(name, 'float32', ['N', 4]));
    g.output(g.Add(g.Relu(a!), g.Relu(b!)));
    expect(findResiduals(g.graph)).toEqual([]);
  });
});

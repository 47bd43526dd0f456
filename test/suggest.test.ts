import { describe, expect, it } from 'vitest';
import { closestName } from '../src/suggest.ts';

describe('closestName', () => {
  const names = ['resnet20', 'resnet110', 'vgg16', 'espalier-demo'];

  it.each([
    ['resnet-20', 'resnet20'],
    ['ResNet20', 'resnet20'],
    ['resnet10', 'resnet20'],
    ['resnet02', 'resnet20'],
    ['vg16', 'vgg16'],
    ['espalierdemo', 'espalier-demo'],
  ])('takes %s for %s', (typed, meant) => {
    expect(closestName(typed, names)).toBe(meant);
  });

  it('suggests nothing for what resembles no name', () => {
    expect(closestName('transformer', names)).toBeNull();
    expect(closestName('x', [])).toBeNull();
  });
});

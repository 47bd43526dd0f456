import { describe, expect, it } from 'vitest';
import type { CoupledLayer } from '../../src/channels/coupling/scope.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { openSelection, type SelectionRules } from '../../src/pruning/ranking/selection.ts';
import type { PruningUnit } from '../../src/pruning/ranking/units.ts';
import { stepTargets } from '../../src/pruning/schedule.ts';

/** A layer of a name: nothing but the name is looked at. */
function layer(name: string, first: number, count: number): CoupledLayer {
  const g = builderOf(emptyGraph('layers'));
  const x = g.input('x', 'float32', [1, 1, 1, 1]);
  g.named(name).Conv(x, g.constant(floats([count, 1, 1, 1], new Float32Array(count))));
  return { node: g.graph.nodes[0]!, first, count };
}

/** A unit of one layer whose classes are its channels. */
function unit(name: string, first: number, count: number, held: readonly number[] = []): PruningUnit {
  return {
    name,
    layers: [layer(name, first, count)],
    sets: Array.from({ length: count }, (_, i) => first + i),
    reasons: new Map(held.map((root) => [root, 'it is an output of the network'])),
    channelsPerSet: 1,
  };
}

const rules: SelectionRules = { scope: 'local', round: 1, floor: 0, layerRatios: [], original: new Map() };
const scoresOf = (...lists: readonly number[][]) => new Map(lists.flat().map((score, root) => [root, score]));

/** The classes that go at a ratio. */
function removed(
  units: readonly PruningUnit[],
  scores: ReadonlyMap<number, number>,
  given: Partial<SelectionRules> & { ratio: number },
) {
  const selector = openSelection({ units, scores }, { ...rules, ...given });
  return [...selector.removed(selector.widths(given.ratio))].sort((a, b) => a - b);
}

describe('selection', () => {
  const units = [unit('a', 0, 4), unit('b', 4, 4)];
  const scores = scoresOf([4, 1, 3, 2], [40, 10, 30, 20]);

  it('takes the lowest scores of each unit where the scope is local', () => {
    expect(removed(units, scores, { ratio: 0.5 })).toEqual([1, 3, 5, 7]);
  });

  it('leaves nothing of a unit that the network can do without', () => {
    const optional = [units[0]!, { ...units[1]!, isOptional: true }];
    const all = { ratio: 1, floor: 0.5 };
    expect(removed(optional, scores, { ...all, scope: 'local' })).toEqual([1, 3, 4, 5, 6, 7]);
    expect(removed(optional, scores, { ...all, scope: 'global' })).toEqual([1, 3, 4, 5, 6, 7]);
    expect(removed(optional, scores, { ...all, round: 4 })).toEqual([4, 5, 6, 7]);
  });

  it('takes the lowest scores of all units where it is global, and leaves each its floor', () => {
    expect(removed(units, scores, { ratio: 0.5, scope: 'global', floor: 0 })).toEqual([1, 2, 3, 5]);
    expect(removed(units, scores, { ratio: 0.5, scope: 'global', floor: 0.5 })).toEqual([1, 3, 5, 7]);
  });

  it('never takes what must stay, nor what has no score', () => {
    expect(removed([unit('a', 0, 4, [1, 3])], scores, { ratio: 0.9 })).toEqual([0, 2]);
    expect(removed([unit('a', 0, 4)], new Map([[2, 1]]), { ratio: 0.9 })).toEqual([2]);
  });

  it('leaves a channel of every unit at any ratio', () => {
    expect(removed(units, scores, { ratio: 1 })).toHaveLength(6);
    expect(removed(units, scores, { ratio: 1, scope: 'global' })).toHaveLength(6);
  });

  it.each([
    [32, 0.5, 16],
    [32, 0.6, 16],
    [32, 0.7, 8],
    [20, 0.05, 20],
    [20, 0.3, 16],
    [6, 0.5, 6],
    [12, 0.9, 8],
  ])('rounds %i channels less %f to %i of them', (count, ratio, kept) => {
    const list = Array.from({ length: count }, (_, i) => i);
    expect(removed([unit('a', 0, count)], scoresOf(list), { ratio, round: 8 })).toHaveLength(count - kept);
  });

  it('rounds channels, where a class takes several of a layer', () => {
    const grouped = { ...unit('a', 0, 16), channelsPerClass: 4 };
    const list = Array.from({ length: 16 }, (_, i) => i);
    // 16 classes of 4 channels: 8 channels are 2 classes.
    expect(removed([grouped], scoresOf(list), { ratio: 0.45, round: 8 })).toHaveLength(8);
    expect(removed([grouped], scoresOf(list), { ratio: 0.55, round: 64 })).toHaveLength(0);
  });

  it('obeys ratios of single layers, 0 among them, in both scopes', () => {
    const layerRatios = [{ glob: 'a*', ratio: 0 }];
    expect(removed(units, scores, { ratio: 0.5, layerRatios })).toEqual([5, 7]);
    expect(removed(units, scores, { ratio: 0.5, layerRatios, scope: 'global' })).toEqual([5, 7]);
  });

  it.each([0.25, 0.5, 0.75])('counts only channels that may go in one ranking: %f', (ratio) => {
    const all = [
      ...units,
      unit(
        'output',
        8,
        12,
        [...new Array(12).keys()].map((i) => 8 + i),
      ),
    ];
    const alone = removed(units, scores, { ratio, scope: 'global' });
    expect(alone).toHaveLength(8 * ratio);
    const held = scoresOf([4, 1, 3, 2], [40, 10, 30, 20], new Array(12).fill(0.1));
    expect(removed(all, held, { ratio, scope: 'global' })).toEqual(alone);
    const layerRatios = [{ glob: 'output', ratio: 0 }];
    expect(removed(all, held, { ratio, scope: 'global', layerRatios })).toEqual(alone);
  });

  it('counts what of a unit may go in one ranking, from the original on', () => {
    // Two of four are held: half of the six that may go.
    const partly = [unit('a', 0, 4, [0, 2]), unit('b', 4, 4)];
    expect(removed(partly, scores, { ratio: 0.5, scope: 'global' })).toEqual([1, 3, 5]);
    // Of b, two went earlier: the ratio is of eight.
    const original = new Map([['b', 6]]);
    expect(removed(partly, scores, { ratio: 0.5, scope: 'global', original })).toEqual([1, 3]);
  });

  it('counts ratios from the original widths', () => {
    const original = new Map([
      ['a', 8],
      ['b', 4],
    ]);
    // Four of eight went earlier: half of eight are left.
    expect(removed(units, scores, { ratio: 0.5, original })).toEqual([5, 7]);
  });
});

describe('steps', () => {
  it('end at the target and refer to the original', () => {
    const linear = stepTargets({ measure: 'ratio', fraction: 0.3 }, { steps: 3, schedule: 'linear' });
    expect(linear.map(({ fraction }) => Number(fraction.toFixed(3)))).toEqual([0.1, 0.2, 0.3]);
    const cubic = stepTargets({ measure: 'macs', fraction: 0.2 }, { steps: 2, schedule: 'cubic' });
    expect(cubic.map(({ fraction }) => Number(fraction.toFixed(3)))).toEqual([0.3, 0.2]);
  });
});

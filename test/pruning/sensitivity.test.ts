import { describe, expect, it } from 'vitest';
import type { UnitWidths, WidthSelector } from '../../src/pruning/ranking/selection.ts';
import type { PruningUnit } from '../../src/pruning/ranking/units.ts';
import { greedySelector } from '../../src/pruning/sensitivity/greedy.ts';
import type { UnitSensitivity } from '../../src/pruning/sensitivity/measure.ts';

/** Units of four classes each: unit u holds 4u … 4u + 3. */
const unit = (name: string, index: number): PruningUnit => ({
  name,
  layers: [],
  sets: [0, 1, 2, 3].map((i) => 4 * index + i),
  reasons: new Map(),
  channelsPerSet: 1,
});

/** The lowest classes of a unit go first. */
const selector = (units: readonly PruningUnit[]): WidthSelector => ({
  widths: () => units.map(({ sets }) => sets.length),
  removed: (widths: UnitWidths) =>
    new Set(units.flatMap(({ sets }, i) => sets.slice(0, sets.length - widths[i]!))),
  choices: units.map(({ sets }) => sets.map((_, i) => i + 1)),
  mostLacking: () => [...units.keys()],
});

/** Losses at 4, 3, 2 and 1 classes. */
const curve = (name: string, losses: readonly number[]): UnitSensitivity => ({
  name,
  layers: [name],
  classes: 4,
  points: losses.map((loss, i) => ({
    ratio: i / 4,
    kept: 4 - i,
    top1: 1,
    loss,
    outputError: 0,
    outputErrors: {},
  })),
});

/** The widths on the greedy path, where a class of each unit saves a certain number of MACs. */
function path(curves: readonly (readonly number[])[], savings: readonly number[]): string[] {
  const units = curves.map((_, i) => unit(`u${i}`, i));
  const costOf = (removed: ReadonlySet<number>) => {
    const macs = [...removed].reduce((left, root) => left - savings[Math.floor(root / 4)]!, 1000);
    return { macs, parameters: macs };
  };
  const sensitivities = curves.map((losses, i) => curve(`u${i}`, losses));
  const greedy = greedySelector({ units, sensitivities, damage: 'loss', selector: selector(units), costOf });
  const steps = curves.reduce((sum, losses) => sum + losses.length - 1, 0);
  return Array.from({ length: steps + 1 }, (_, i) => greedy.widths(i / steps).join(' '));
}

describe('widths by sensitivity', () => {
  it('narrow the unit that loses least first', () => {
    // u0 loses 1 a class, u1 0.1, then 0.2, then 5.
    expect(
      path(
        [
          [0, 1, 2, 3],
          [0, 0.1, 0.3, 5.3],
        ],
        [10, 10],
      ),
    ).toEqual(['4 4', '4 3', '4 2', '3 2', '2 2', '1 2', '1 1']);
  });

  it('count what is lost against what is saved', () => {
    // Half the loss, but a hundredth of the MACs.
    expect(
      path(
        [
          [0, 1],
          [0, 0.5],
        ],
        [100, 1],
      ),
    ).toEqual(['4 4', '3 4', '3 3']);
  });

  it('take a gain for no loss, and no loss twice', () => {
    // u1 gets better at first and is back where it began at two classes: both are free.
    expect(
      path(
        [
          [0, 0.1],
          [1, 0.5, 1],
        ],
        [10, 10],
      ),
    ).toEqual(['4 4', '4 3', '4 2', '3 2']);
  });

  it('leave units alone that were not measured', () => {
    const units = [unit('a', 0), unit('b', 1)];
    const costOf = (removed: ReadonlySet<number>) => ({ macs: 100 - removed.size, parameters: 0 });
    const options = {
      units,
      sensitivities: [curve('b', [0, 1])],
      damage: 'loss',
      selector: selector(units),
      costOf,
    } as const;
    expect(greedySelector(options).widths(1)).toEqual([4, 3]);
  });

  it('leave units alone that have one width only, and widen back first what lost most', () => {
    const units = [unit('a', 0), unit('b', 1), unit('c', 2)];
    const costOf = (removed: ReadonlySet<number>) => ({ macs: 100 - removed.size, parameters: 0 });
    const excluding: WidthSelector = { ...selector(units), choices: [[4], [1, 2, 3, 4], [1, 2, 3, 4]] };
    const greedy = greedySelector({
      units,
      sensitivities: [curve('a', [0, 0, 0, 0]), curve('b', [0, 1, 2]), curve('c', [0, 5, 6])],
      damage: 'loss',
      selector: excluding,
      costOf,
    });
    expect(greedy.widths(1)).toEqual([4, 2, 2]);
    expect(greedy.choices[0]).toEqual([4]);
    expect(greedy.mostLacking(1, [4, 3, 3])).toEqual([2, 1]);
  });
});

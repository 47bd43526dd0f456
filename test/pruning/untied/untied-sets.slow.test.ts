import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costs, layerCosts } from '../../../src/measure/macs.ts';
import { random } from '../../../src/numeric/random.ts';
import { maskedNetwork, maskTensors } from '../../../src/pruning/gradual/mask-extension.ts';
import { prepareChannels } from '../../../src/pruning/prepared-network.ts';
import { untiedCosts } from '../../../src/pruning/untied/untied-costs.ts';
import { finishedNetwork, plainNetwork, prepareUntied } from '../../../src/pruning/untied/untied-network.ts';
import { untiedSets } from '../../../src/pruning/untied/untied-sets.ts';
import { verifyEquivalent } from '../../../src/rewrite/index.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { randomResidualNetworks } from '../../support/random-residual-network.ts';
import { framedResidualNetwork, type NetworkShape } from '../../support/residual-network.ts';

const executor = onnxruntime;
const costing = { measure: 'macs', per: 'macs', executor } as const;

async function untiedOf(shape: NetworkShape) {
  const network = framedResidualNetwork(shape);
  const untied = await prepareUntied(network, executor, {});
  const original = await prepareChannels(network, executor);
  return { untied, original, sets: untiedSets(untied, untied.prepared.graph.outputs) };
}

const drawing = fc.record({ seed: fc.nat(1000), part: fc.integer({ min: 0, max: 10 }), whole: fc.boolean() });

it('masked channels of an untied network are those that its plain network lacks, and cost nothing there', async () => {
  let [empty, compared] = [0, 0];
  await fc.assert(
    fc.asyncProperty(randomResidualNetworks, drawing, async (shape, { seed, part, whole }) => {
      const { untied, original, sets } = await untiedOf(shape);
      const { uniform } = random(seed);
      const free = sets.units.flatMap(({ sets: own, reasons, isOptional }) => {
        const all = own.filter((root) => !reasons.has(root));
        return isOptional && whole ? all : all.filter(() => uniform() < part / 10);
      });
      const removed = sets.permitted(new Set(free), new Set());
      const { network, places } = sets.without(new Set());
      const masked = maskedNetwork(network, places, maskTensors(places, removed));
      const reduced = sets.without(removed).network;
      const plain = plainNetwork(reduced, untied);
      await verifyEquivalent(masked, plain, { executor, tolerance: 1e-5 });

      const macs = await untiedCosts(untied, { ...costing, carried: 'macs', sets, original });
      const expected = costs(plain).macs / costs(original.network).macs;
      // A layer behind an activation of x reads the carried channels beside it: predicted costs count all of x there.
      if (shape.blocks.every(({ preactivation }) => preactivation === 'none'))
        expect(macs.predicted(removed)).toBeCloseTo(expected, 9);
      const finished = finishedNetwork(reduced, untied);
      expect(macs.measured(removed)).toBeCloseTo(costs(finished).macs / costs(original.network).macs, 9);

      const carrying = layerCosts(reduced).filter(({ name }) => name.endsWith('.reserve'));
      const filters = carrying.reduce((sum, { outChannels }) => sum + outChannels, 0);
      // A block that carries nothing keeps a filter of zeros while it trains.
      if (filters === untied.carried.filter(({ set }) => !removed.has(set)).length) {
        const others = layerCosts(reduced).filter(({ name }) => !/\.(reserve|merge)$/.test(name));
        const rest = others.reduce((sum, layer) => sum + layer.macs, 0) / costs(original.network).macs;
        const uncounted = await untiedCosts(untied, { ...costing, carried: 'free', sets, original });
        expect(uncounted.predicted(removed)).toBeCloseTo(rest, 9);
        compared++;
      }
      empty += whole ? 1 : 0;
    }),
    { numRuns: 40, seed: 3 },
  );
  expect(empty).toBeGreaterThan(5);
  expect(compared).toBeGreaterThan(5);
});

it('a set saves what its filters cost, and the carried channels that are removed with it', async () => {
  const layer = { kernel: 3, stride: 1, group: 1 } as const;
  const block = {
    layers: [
      { ...layer, filters: 4, activation: 'relu' },
      { ...layer, filters: 6, activation: 'none' },
    ],
    shortcut: 'identity',
    before: 'relu',
    preactivation: 'none',
    after: 'relu',
  } as const;
  const { untied, original, sets } = await untiedOf({ channels: 6, size: 8, blocks: [block] });
  const { saving } = await untiedCosts(untied, { ...costing, carried: 'macs', sets, original });
  const [stem, inner, sum, carried] = sets.units.map((unit) => unit.sets[0]!);
  const at = 64 * 9;
  const none: ReadonlySet<number> = new Set();
  // 3 → 6 by 1×1; 6 → 4 + 6 carried; 4 + 6 carried → 6; a mean → 4.
  expect(saving(inner!, none)).toBe(at * (6 + 6));
  expect(saving(carried!, none)).toBe(at * (6 + 6));
  expect(saving(stem!, none)).toBe(64 * 3 + at * (10 + 5 + 6));
  expect(saving(sum!, none)).toBe(at * (10 + 6 + 5) + 4);
  const gone = new Set([carried!]);
  expect(saving(stem!, gone)).toBe(64 * 3 + at * 9);
});

it('projections and expansions of inverted residuals become one layer where that is smaller', async () => {
  const layer = { kernel: 1, stride: 1, group: 1 } as const;
  const inverted = {
    layers: [
      { ...layer, filters: 12, activation: 'relu6' },
      { ...layer, kernel: 3, filters: 12, group: 12, activation: 'relu6' },
      { ...layer, filters: 8, activation: 'none' },
    ],
    shortcut: 'identity',
    before: 'none',
    preactivation: 'none',
    after: 'none',
  } as const;
  const { untied, sets } = await untiedOf({ channels: 8, size: 6, blocks: [inverted, inverted] });
  const convolutions = async (carriedByEach: number) => {
    const carried = sets.units.filter(({ isOptional }) => isOptional);
    const gone = carried.flatMap((unit) => unit.sets.slice(carriedByEach));
    const { network } = sets.without(sets.permitted(new Set(gone), new Set()));
    const [plain, finished] = [plainNetwork(network, untied), finishedNetwork(network, untied)];
    await verifyEquivalent(network, finished, { executor, tolerance: 1e-5 });
    expect(costs(finished).macs).toBeLessThan(costs(plain).macs);
    return [plain, finished].map(({ nodes }) => nodes.filter(({ op }) => op === 'Conv').length);
  };
  // The layer of the image always merges. 8 channels between 12 + 8 and 12 + 8 are fewer weights than 20², between 12 and 12 more than 12².
  expect(await convolutions(8)).toEqual([8, 7]);
  expect(await convolutions(0)).toEqual([8, 6]);
});

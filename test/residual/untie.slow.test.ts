import fc from 'fast-check';
import { expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { cutChannels } from '../../src/channels/cut-channels.ts';
import { keepOneChannel } from '../../src/channels/keep-one-channel.ts';
import { maskedReference } from '../../src/channels/masked-reference.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { random } from '../../src/numeric/random.ts';
import { carriedChannels, withoutStrays } from '../../src/residual/carried-channels.ts';
import { convertResiduals } from '../../src/residual/convert-residuals.ts';
import { findResiduals } from '../../src/residual/find.ts';
import { untieResiduals } from '../../src/residual/untie.ts';
import { foldBatchNormalization, verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { randomResidualNetworks } from '../support/random-residual-network.ts';
import { framedResidualNetwork } from '../support/residual-network.ts';

const exact = { executor: onnxruntime, tolerance: 1e-5 };
const drawing = fc.record({ seed: fc.nat(1000), part: fc.integer({ min: 0, max: 10 }) });

it('channels of any block are removed alone, and a plain network of those widths computes what masks leave', async () => {
  let [all, kept] = [0, 0];
  await fc.assert(
    fc.asyncProperty(randomResidualNetworks, drawing, async (shape, { seed, part }) => {
      const network = framedResidualNetwork(shape);
      const { graph: untied, blocks, refusals } = untieResiduals(network);
      expect(refusals).toEqual([]);
      await verifyEquivalent(network, untied, exact);

      const before = await prepareForPruning(untied, onnxruntime);
      const coupling = channelGroups(before);
      const { found, groups } = coupling;
      const carried = carriedChannels(found, blocks);
      const { uniform } = random(seed);
      const free = groups.flatMap(({ sets, reasons }) => sets.filter((root) => !reasons.has(root)));
      const drawn = new Set(free.filter(() => uniform() < part / 10));
      const removed = keepOneChannel(found, withoutStrays(carried, drawn));
      const { graph: cut } = cutChannels({ graph: before, coupling }, removed);
      const plain = convertResiduals(foldBatchNormalization(cut).graph);
      expect(plain.refusals).toEqual([]);
      expect(findResiduals(plain.graph)).toEqual([]);
      await verifyEquivalent(maskedReference(before, found, removed)!, plain.graph, exact);

      const stays = carried.filter(
        ({ set, input, outputs }) =>
          !removed.has(set) &&
          !removed.has(input ?? -1) &&
          (outputs.length === 0 || outputs.some((output) => !removed.has(output))),
      );
      expect(plain.converted.reduce((sum, block) => sum + block.carried, 0)).toBe(stays.length);
      all += carried.length;
      kept += stays.length;
    }),
    { numRuns: 60, seed: 5 },
  );
  expect(kept).toBeGreaterThan(0.1 * all);
  expect(kept).toBeLessThan(0.7 * all);
});

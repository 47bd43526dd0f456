import { describe, expect, it } from 'vitest';
import { storePreprocessing } from '../../../src/data/preprocessing.ts';
import { agreementOf } from '../../../studio/engine/images/agreement.ts';
import { openImages } from '../../../studio/engine/images/images.ts';
import { defaultChoice, type PruneChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { downloaded, sessionOf } from '../../support/studio-session.ts';

const choice: PruneChoice = { ...defaultChoice, round: 1 };

describe('with images', () => {
  const preprocessing = { height: 8, width: 8, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
  const network = residualNetwork({ width: 16 });
  storePreprocessing(network, preprocessing);
  const pixels = normals([40, 3, 8, 8], 3).data.map((x) => 128 + 40 * x);
  const images = openImages(
    {
      names: Array.from({ length: 40 }, (_, i) => `${i}.png`),
      pixels: { dtype: 'uint8', shape: [40, 3, 8, 8], data: Uint8Array.from(pixels) },
    },
    preprocessing,
  );

  it('criteria of activations score, and recovery brings outputs closer to the original', async () => {
    const errorWith = async (recover: PruneChoice['recover']) => {
      const { session } = await sessionOf(network);
      const chosen: PruneChoice = { ...choice, criterion: 'apoz', recover };
      const { id } = await prune(session, chosen, { images, control: {} });
      const { outputs } = await agreementOf(session, id, { images, control: {} });
      return outputs[0]!.error;
    };
    expect(await errorWith(['recalibrate', 'reconstruct'])).toBeLessThan(0.8 * (await errorWith([])));
  });

  it('the worst ones have the largest errors, as outputs computed one by one have', async () => {
    const { session } = await sessionOf(network);
    const version = await prune(session, { ...choice, recover: [] }, { images, control: {} });
    const { worst } = await agreementOf(session, version.id, { images, control: {} });
    expect(worst).toHaveLength(12);
    const small = downloaded(version);
    const errors: number[] = [];
    for (let i = 0; i < 40; i++) {
      const image = Float32Array.from(
        pixels.subarray(i * 192, (i + 1) * 192),
        (x) => (Math.floor(x) / 255 - 0.5) / 0.2,
      );
      const input = { dtype: 'float32', shape: [1, 3, 8, 8], data: image } as const;
      const [y, found] = [await outputOf(network, input), await outputOf(small, input)];
      errors.push(Math.hypot(...found.map((x, k) => x - y[k]!)) / Math.hypot(...y));
    }
    const order = [...errors.keys()].sort((a, b) => errors[b]! - errors[a]!).slice(0, 12);
    expect(worst.map(({ index }) => index)).toEqual(order);
    expect(worst.map(({ name }) => name)).toEqual(order.map((i) => `${i}.png`));
    for (const { index, error } of worst) expect(error).toBeCloseTo(errors[index]!, 4);
  });
});

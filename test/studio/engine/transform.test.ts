import { describe, expect, it } from 'vitest';
import { storePreprocessing } from '../../../src/data/preprocessing.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { floats } from '../../../src/numeric/tensor.ts';
import { openImages } from '../../../studio/engine/images/images.ts';
import { defaultChoice } from '../../../studio/engine/prune/choice.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { fold } from '../../../studio/engine/transform/fold.ts';
import { quantize } from '../../../studio/engine/transform/int8.ts';
import { removeResiduals, residualBlocks } from '../../../studio/engine/transform/residuals.ts';
import { relativeError } from '../../support/relative-error.ts';
import { framedResidualNetwork } from '../../support/residual-network.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { plainNetwork, residualNetwork } from '../../support/small-network.ts';
import { downloaded, followed, sessionOf } from '../../support/studio-session.ts';

const operators = ({ nodes }: Graph) => nodes.map(({ op }) => op);
const input = normals([2, 3, 8, 8], 4);
const differs = async (a: Graph, b: Graph) =>
  relativeError(await outputOf(a, input), await outputOf(b, input));

describe('folding', () => {
  it('leaves convolutions alone and computes the same', async () => {
    const network = residualNetwork();
    const { session } = await sessionOf(network);
    const version = await fold(session, { only: [] }, {});
    expect(operators(downloaded(version))).not.toContain('BatchNormalization');
    expect(await differs(downloaded(version), network)).toBeLessThan(1e-5);
  });

  it('applies the chosen rewrites alone', async () => {
    const { session } = await sessionOf(residualNetwork());
    const version = await fold(session, { only: ['pad'] }, {});
    expect(operators(downloaded(version))).toContain('BatchNormalization');
  });
});

describe('removing residual connections', () => {
  const network = residualNetwork({ width: 12 });

  it('has costs for the form of the middle that is chosen', async () => {
    const layer = { filters: 8, stride: 1, group: 1, activation: 'relu' } as const;
    const layers = [1, 3, 1].map((kernel) => ({ ...layer, kernel }));
    const block = {
      layers,
      shortcut: 'identity',
      before: 'relu',
      preactivation: 'none',
      after: 'relu',
    } as const;
    const { session } = await sessionOf(framedResidualNetwork({ channels: 8, size: 6, blocks: [block] }));
    const added = [];
    for (const middle of ['widen', 'concat'] as const) {
      const [found] = await residualBlocks(session, middle, {});
      const before = session.current.costs.macs;
      const version = await removeResiduals(session, { only: null, middle }, {});
      expect(version.costs.macs - before).toBe(found!.added!.macs);
      session.undo();
      added.push(found!.added!.macs);
    }
    expect(added[0]).toBeGreaterThan(added[1]!);
  });

  it('adds the costs that were counted, and computes the same', async () => {
    const { session } = await sessionOf(network);
    const [block, ...others] = await residualBlocks(session, 'widen', {});
    expect(others).toEqual([]);
    const folded = await fold(session, { only: ['batchnorm'] }, {});
    const { macs, parameters } = folded.costs;
    session.undo();
    const version = await removeResiduals(session, { only: block!.add, middle: 'widen' }, {});
    expect(version.costs.macs - macs).toBe(block!.added!.macs);
    expect(version.costs.parameters - parameters).toBe(block!.added!.parameters);
    expect(block!.added!.macs).toBeGreaterThan(0);
    expect(operators(downloaded(version))).not.toContain('Add');
    expect(await differs(downloaded(version), network)).toBeLessThan(1e-5);
  });

  it('lets every layer be pruned afterwards, and undo leads back to the dropped bytes', async () => {
    const { session, bytes } = await sessionOf(network);
    await removeResiduals(session, { only: null, middle: 'widen' }, {});
    const pruned = await prune(session, { ...defaultChoice, round: 1 }, { images: null, control: {} });
    expect(pruned.step!.error).toBeLessThan(1e-4);
    session.undo();
    expect(session.undo().bytes()).toBe(bytes);
  });

  it('states why a block is left alone', async () => {
    const { session } = await sessionOf(network);
    await expect(removeResiduals(session, { only: 'nothing', middle: 'widen' }, {})).rejects.toThrow(
      'no Add is named nothing',
    );
  });

  it('is cancelled between the costs of blocks', async () => {
    const { session } = await sessionOf(network);
    const control = followed('Counting costs of removing block.add');
    await expect(residualBlocks(session, 'widen', control)).resolves.toHaveLength(1);
    await expect(
      residualBlocks(session, 'widen', followed('Folding BatchNormalization')),
    ).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

describe('8-bit integers', () => {
  const network = plainNetwork({ widths: [16, 24] });
  const preprocessing = { height: 8, width: 8, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  storePreprocessing(network, preprocessing);
  const data = Uint8Array.from(normals([32, 3, 8, 8], 3).data, (x) => 128 + 40 * x);
  const images = openImages(
    {
      names: Array.from({ length: 32 }, (_, i) => `${i}.png`),
      pixels: { dtype: 'uint8', shape: [32, 3, 8, 8], data },
    },
    preprocessing,
  );

  it('make the file smaller, and outputs differ by less than a tenth', async () => {
    const { session, bytes } = await sessionOf(network);
    const version = await quantize(session, { floatLayers: [] }, { images, control: {} });
    expect(version.bytes().length).toBeLessThan(0.75 * bytes.length);
    expect(operators(downloaded(version))).toContain('QuantizeLinear');
    const image = Float32Array.from(data.subarray(0, 192), (x) => (x / 255 - 0.5) / 0.25);
    const seen = floats([1, 3, 8, 8], image);
    const difference = relativeError(
      await outputOf(downloaded(version), seen),
      await outputOf(network, seen),
    );
    expect(difference).toBeLessThan(0.1);
    expect(difference).toBeGreaterThan(0);
  });

  it('spare the layers that are to stay in floating point', async () => {
    const { session } = await sessionOf(network);
    const version = await quantize(session, { floatLayers: ['conv1'] }, { images, control: {} });
    expect(version.step!.leftAlone.map(({ name }) => name)).toContain('conv1 (Conv)');
  });
});

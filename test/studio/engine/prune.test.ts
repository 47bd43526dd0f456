import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/graph/graph.ts';
import { onnxruntime } from '../../../src/index.ts';
import { networkCost } from '../../../src/measure/macs.ts';
import { defaultChoice, type PruneChoice, pruneTables } from '../../../studio/engine/prune/choice.ts';
import { planPruning } from '../../../studio/engine/prune/plan.ts';
import { prune } from '../../../studio/engine/prune/prune.ts';
import { yolo } from '../../support/dense-prediction.ts';
import { relativeError } from '../../support/relative-error.ts';
import { outputOf } from '../../support/run-graph.ts';
import { plainNetwork, residualNetwork } from '../../support/small-network.ts';
import { downloaded, followed, inputOf, maskedOriginal, sessionOf } from '../../support/studio-session.ts';

const choice: PruneChoice = { ...defaultChoice, round: 1 };
const without = { images: null, control: {} };

describe('the file that is downloaded after pruning', () => {
  it.each([
    ['a chain', plainNetwork({ widths: [16, 24] })],
    ['a residual network', residualNetwork({ width: 16 })],
    ['a YOLO', yolo()],
  ])('computes what the masked original does: %s', async (_, network) => {
    const { session } = await sessionOf(network);
    const version = await prune(session, choice, without);
    const small = downloaded(version);
    expect(networkCost(small).macs / networkCost(network).macs).toBeLessThanOrEqual(0.5);
    expect(version.step!.error).toBeLessThan(1e-4);
    const masked = await maskedOriginal(network, choice);
    const input = inputOf(network, 2);
    const [expected, found] = [await outputOf(masked, input), await outputOf(small, input)];
    expect(relativeError(found, expected)).toBeLessThan(1e-4);
    expect(relativeError(found, await outputOf(network, input))).toBeGreaterThan(1e-3);
  });

  it('has zero stripes at the granularity stripe, as many as planned', async () => {
    const { session } = await sessionOf(plainNetwork({ widths: [16, 24] }));
    const stripes: PruneChoice = { ...choice, granularity: 'stripe' };
    const plan = await planPruning(
      { version: session.current, images: null, executor: onnxruntime },
      stripes,
    );
    const version = await prune(session, stripes, without);
    const weight = downloaded(version).initializers.find(({ name }) => name === 'conv2.weight')!.tensor!;
    let dead = 0;
    for (let m = 0; m < 24; m++)
      for (let at = 0; at < 9; at++)
        if (Array.from({ length: 16 }, (_, c) => weight.data[(m * 16 + c) * 9 + at]).every((x) => x === 0))
          dead++;
    const unit = plan.units.find(({ name }) => name === 'conv2')!;
    expect(dead).toBe(unit.channels - unit.kept);
    expect(dead).toBeGreaterThan(50);
  });
});

describe('a plan', () => {
  const planOf = async (network: Graph, chosen: Partial<PruneChoice>) => {
    const { session } = await sessionOf(network);
    return planPruning(
      { version: session.current, images: null, executor: onnxruntime },
      { ...choice, ...chosen },
    );
  };

  it('states the costs and widths that pruning then has', async () => {
    const network = residualNetwork({ width: 24 });
    const plan = await planOf(network, {});
    const { session } = await sessionOf(network);
    const version = await prune(session, choice, without);
    expect(plan.after).toEqual({ macs: version.costs.macs, parameters: version.costs.parameters });
    expect(plan.units).toEqual(version.step!.groups);
    const layers = plan.layers.map(({ name, after }) => [name, after]);
    const counted = version.costs.layers.filter(({ macs }) => macs > 0).map(({ name, macs }) => [name, macs]);
    expect(layers).toEqual(counted);
  });

  it('keeps excluded layers, by name or glob', async () => {
    const network = plainNetwork({ widths: [16, 24, 32] });
    const widthsOf = async (exclude: string[]) =>
      (await planOf(network, { exclude, target: { measure: 'ratio', fraction: 0.5 } })).units.map(
        ({ kept }) => kept,
      );
    expect(await widthsOf([])).toEqual([8, 12, 16, 4]);
    expect(await widthsOf(['conv2'])).toEqual([8, 24, 16, 4]);
    expect(await widthsOf(['conv[23]'])).toEqual([8, 24, 32, 4]);
    await expect(planOf(network, { exclude: ['conv9'] })).rejects.toThrow('no layer is named conv9');
  });

  it('is refused for criteria that need images, and for combinations that the command refuses', async () => {
    await expect(planOf(plainNetwork(), { criterion: 'apoz' })).rejects.toThrow('apoz needs images');
    const pieces = { granularity: 'stripe', criterion: 'bn-scale' } as const;
    await expect(planOf(plainNetwork(), pieces)).rejects.toThrow(/granularity.*stripe requires/);
  });

  it('is possible for every criterion that the tables offer without images', async () => {
    const { criteria } = pruneTables();
    const offered = criteria.filter(({ needs }) => needs === 'weights');
    expect(offered.map(({ name }) => name)).toContain('l1-norm');
    for (const { name, granularities } of offered)
      for (const granularity of granularities)
        expect((await planOf(plainNetwork({ widths: [16, 24] }), { criterion: name, granularity })).met).toBe(
          true,
        );
  });
});

describe('pruning', () => {
  it('is undone to the bytes that were dropped', async () => {
    const { session, bytes } = await sessionOf(residualNetwork());
    await prune(session, choice, without);
    expect(session.undo().bytes()).toBe(bytes);
  });

  it('is cancelled within a comparison, and leaves the session as it was', async () => {
    const { session } = await sessionOf(residualNetwork());
    const control = followed('Removing channels and comparing with the masked network');
    await expect(prune(session, choice, { images: null, control })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(session.versions).toHaveLength(1);
  });

  it('reports its phases in order', async () => {
    const { session } = await sessionOf(residualNetwork());
    const control = followed();
    await prune(session, choice, { images: null, control });
    expect(control.seen.map(({ done, total }) => [done, total])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });
});

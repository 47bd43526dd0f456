import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writtenPlan } from '../../../src/deploy/forms/index.ts';
import { lowerConvolutions } from '../../../src/deploy/lower.ts';
import { foldBatchNormalization } from '../../../src/rewrite/index.ts';
import type { Tensors } from '../../../src/runtime/executor.ts';
import { removeDeadFilters } from '../../../src/stripes/remove-dead.ts';
import { createRunDirectory, makeRecipe, openRunDirectory } from '../../../src/training/run-directory.ts';
import { train } from '../../../src/training/train.ts';
import { relativeError } from '../../support/relative-error.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { started } from '../../support/shared-shape-runs.ts';
import { plainNetwork, residualNetwork } from '../../support/small-network.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The shape of each filter [M, 3, 3] of a mask, as text. */
function rowsOf({ data }: Tensors[string]): string[] {
  const rows: string[] = [];
  for (let at = 0; at < data.length; at += 9) rows.push((data as Float32Array).subarray(at, at + 9).join(''));
  return rows;
}

/** Whether what lives in a 3×3 kernel is all of a box. */
function isBox(shape: string): boolean {
  const live = [...shape].flatMap((bit, i) => (bit === '1' ? [i] : []));
  const extent = (along: number[]) => (along.length === 0 ? 0 : Math.max(...along) - Math.min(...along) + 1);
  return extent(live.map((i) => Math.floor(i / 3))) * extent(live.map((i) => i % 3)) === live.length;
}

describe.each([
  ['free', 4],
  ['rectangles', 4],
  ['rectangles', 8],
] as const)('%s shapes in blocks of %i', (shapes, block) => {
  it('are the same within each block at all times, and only shrink', async () => {
    const { options, seen, controller } = await started(
      residualNetwork(),
      { block, shapes },
      { shrink: false },
    );
    const { epochs } = await train(options);
    const { blocks } = controller.save() as { blocks: Record<string, { blocks: number[] }> };
    for (const [i, masks] of seen.entries()) {
      for (const [name, mask] of Object.entries(masks)) {
        const rows = rowsOf(mask);
        // A layer that lost nothing yet is assigned once more: all its filters are alike anyway.
        const of = blocks[name.replace('.skeleton.mask', '')]!.blocks;
        const shapeOf = new Map(rows.map((row, m) => [of[m], row]));
        expect(rows).toEqual(of.map((b) => shapeOf.get(b)));
        if (shapes === 'rectangles') expect(rows.filter((row) => !isBox(row))).toEqual([]);
        const before = seen[i - 1]?.[name];
        (before?.data as Float32Array | undefined)?.forEach((was, at) => {
          expect(Number(mask.data[at])).toBeLessThanOrEqual(was);
        });
      }
    }
    const kept = epochs.at(-1)!.metrics.macsKept!;
    expect(kept).toBeLessThanOrEqual(0.5);
    expect(kept).toBeGreaterThan(0.35);
    const shapesSeen = new Set(Object.values(seen.at(-1)!).flatMap(rowsOf));
    expect(shapesSeen.size).toBeGreaterThan(2);
  });
});

it('keeps skeleton and momentum of what died at zero', async () => {
  const { options, layers } = await started(residualNetwork(), { block: 4, shapes: 'rectangles' });
  const { state } = await train({ ...options, epochs: 6 });
  let dead = 0;
  for (const { weight } of layers) {
    const [mask, skeleton, momentum] = ['.mask', '', '.momentum'].map(
      (part) => state[`${weight.name}.skeleton${part}`]!.data as Float32Array,
    );
    mask!.forEach((live, i) => {
      if (live !== 0) return;
      dead++;
      expect([skeleton![i]! + 0, momentum![i]! + 0]).toEqual([0, 0]);
    });
  }
  expect(dead).toBeGreaterThan(0);
});

it('of one filter, free, is the run in which nothing is shared, bit for bit', async () => {
  const [alone, shared] = [
    await started(residualNetwork(), null),
    await started(residualNetwork(), { block: 1, shapes: 'free' }),
  ];
  const [expected, actual] = [await train(alone.options), await train(shared.options)];
  expect(bytesOf(actual.state)).toEqual(bytesOf(expected.state));
});

it('never takes the last block of a layer that everything goes through', async () => {
  const { options } = await started(plainNetwork(), { block: 16, shapes: 'rectangles' }, { target: 0.02 });
  const { network } = await train(options);
  expect(() => removeDeadFilters(network)).not.toThrow();
});

it('takes the last block of a branch beside a shortcut, and leaves what the output needs', async () => {
  const everything = { pace: 'threshold', threshold: 100, target: null, shrink: false } as const;
  const { options, seen } = await started(residualNetwork(), { block: 16, shapes: 'rectangles' }, everything);
  await train(options);
  const live = (layer: string) =>
    rowsOf(seen.at(-1)![`${layer}.weight.skeleton.mask`]!).map((row) =>
      [...row].filter((bit) => bit === '1'),
    );
  expect(new Set(live('block.conv1').flat())).toEqual(new Set());
  expect(new Set(live('block.conv2').flat())).toEqual(new Set());
  expect(live('stem')).toEqual(new Array(8).fill(['1']));
});

const bytesOf = (state: Tensors) =>
  Object.fromEntries(
    Object.entries(state).map(([name, { data }]) => [
      name,
      Buffer.from((data as Float32Array).slice().buffer).toString('hex'),
    ]),
  );

it('continues bit for bit where it was stopped, blocks and all, filters cut on the way', async () => {
  const changes = { target: 0.5, shrinkMultiple: 1, schedule: 'cosine' } as const;
  const sharing = { block: 4, shapes: 'rectangles' } as const;
  const given = residualNetwork();
  const weight = given.initializers.find(({ name }) => name === 'block.conv1.weight')!;
  const weak = (i: number) => [1, 4, 6, 10].includes(Math.floor(i / 72));
  const data = (weight.tensor!.data as Float32Array).map((w, i) => (weak(i) ? w / 100 : w));
  weight.tensor = { ...weight.tensor!, data };
  const whole = await started(given, sharing, changes);
  const uninterrupted = await train(whole.options);
  const run = createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('swp', {}, {}));
  for (const step of [7, 26]) {
    const stopping = new AbortController();
    const { options } = await started(given, sharing, changes);
    let steps = 0;
    const onStep = () => void (++steps === step && stopping.abort());
    const going = { ...options, run, onStep, signal: stopping.signal, resume: true };
    await expect(train(going)).rejects.toMatchObject({ code: 'interrupted' });
  }
  const again = await started(given, sharing, changes);
  const resumed = await train({ ...again.options, run: openRunDirectory(run.path), resume: true });
  expect(again.controller.save()).toEqual(whole.controller.save());
  expect(bytesOf(resumed.state)).toEqual(bytesOf(uninterrupted.state));
  expect(resumed.state['block.conv1.weight']!.shape[0]).toBe(8);
});

it('is deployed as one cropped convolution a shape, that computes what the masked network does', async () => {
  const block = 16;
  const { options } = await started(plainNetwork({ widths: [48, 64] }), { block, shapes: 'rectangles' });
  const { network: masked } = await train(options);
  const folded = foldBatchNormalization(removeDeadFilters(masked).graph).graph;
  const { graph, layers } = await lowerConvolutions(folded, ({ conv }) => writtenPlan(conv, 'shape'));
  const input = normals([3, 3, 8, 8], 11);
  expect(relativeError(await outputOf(graph, input), await outputOf(masked, input))).toBeLessThan(1e-5);
  expect(layers.map(({ name }) => name)).toEqual(['conv1', 'conv2']);
  for (const [i, name] of ['conv1', 'conv2'].entries()) {
    const parts = graph.nodes.filter((node) => node.op === 'Conv' && node.name.startsWith(name));
    expect(parts.length).toBeLessThanOrEqual([3, 4][i]!);
    for (const part of parts) expect(part.inputs[1]!.tensor!.shape[0]! % block).toBe(0);
  }
  expect(graph.nodes.map(({ op }) => op)).not.toContain('Gather');
});

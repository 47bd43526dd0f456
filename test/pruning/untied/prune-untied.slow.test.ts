import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tensorData } from '../../../src/data/tensor-images.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { costs } from '../../../src/measure/macs.ts';
import { floats } from '../../../src/numeric/tensor.ts';
import { serializeModel } from '../../../src/onnx/index.ts';
import { type PruneOptions, prune } from '../../../src/pruning/prune.ts';
import { findResiduals } from '../../../src/residual/find.ts';
import { createRunDirectory, makeRecipe, openRunDirectory } from '../../../src/training/run-directory.ts';
import { plainNetwork, residualNetwork } from '../../support/small-network.ts';
import { syntheticImages } from '../../support/synthetic-images.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function tensors(count: number, seed: number) {
  const { read, labels } = syntheticImages({ count, size: 8, channels: 3, classes: 4, seed });
  const pixels = new Uint8Array(count * 192);
  for (let i = 0; i < count; i++) read(i, pixels.subarray(i * 192, (i + 1) * 192));
  return {
    images: floats(
      [count, 3, 8, 8],
      Float32Array.from(pixels, (x) => (x - 127) / 64),
    ),
    labels,
  };
}

/** 6 epochs of 4 steps, the target met after half of them. */
const options = {
  data: tensorData({ train: tensors(64, 1), test: tensors(32, 2) }),
  macs: 0.5,
  residual: 'untied',
  round: 1,
  maskEvery: 1,
  until: 0.5,
  epochs: 6,
  training: { batch: 16, learningRate: 0.05, threads: 1 },
} as const satisfies PruneOptions;

const filtersOf = (graph: Graph, layer: string) =>
  graph.nodes.find(({ name }) => name === layer)!.inputs[1]!.shape![0];

it.each(['macs', 'free'] as const)(
  'writes a plain network of the widths that are left (%s)',
  async (carried) => {
    const given = residualNetwork({ width: 16 });
    const pruned = await prune(given, { ...options, carried });
    const { graph, residual, units, met, error, steps } = pruned;
    expect(met).toBe(true);
    expect(error).toBeLessThan(1e-5);
    expect(findResiduals(graph)).toEqual([]);
    expect(findResiduals(residual!)).toHaveLength(1);
    const kept = Object.fromEntries(units.map((unit) => [unit.layers[0], unit.kept]));
    expect(filtersOf(graph, 'stem')).toBe(kept.stem);
    expect(filtersOf(graph, 'block.conv1')).toBe(kept['block.conv1']! + kept['block.add.reserve']!);
    expect(filtersOf(graph, 'block.conv2')).toBe(kept['block.conv2']);
    expect(kept['block.add.reserve']).toBeLessThanOrEqual(Math.min(kept.stem!, kept['block.conv2']!));

    // Carrying is not trained.
    const dirac = residual!.initializers.filter(({ name }) => /reserve|merge/.test(name));
    expect(dirac.length).toBeGreaterThan(0);
    for (const { tensor } of dirac)
      expect([...new Set(tensor!.data as Float32Array)].every((w) => w === 0 || w === 1)).toBe(true);

    const part = steps[0]!.epochs.at(-1)!.metrics.macsKept!;
    expect(part).toBeLessThanOrEqual(0.5);
    expect(part).toBeGreaterThan(0.42);
    const whole = costs(graph).macs / costs(given).macs;
    if (carried === 'macs') expect(whole).toBeCloseTo(part, 9);
    else expect(whole).toBeGreaterThan(part);
  },
);

it.each([5, 9])('continues exactly when it was stopped after step %i', async (last) => {
  const uninterrupted = await prune(residualNetwork(), options);
  const path = join(temporaryFolder(), 'run');
  const stopping = new AbortController();
  let steps = 0;
  const stopped = prune(residualNetwork(), {
    ...options,
    run: createRunDirectory(path, makeRecipe('prune', {}, {})),
    signal: stopping.signal,
    training: { ...options.training, onStep: () => void (++steps === last && stopping.abort()) },
  });
  // The folder of the whole run, not that of its training.
  const message = `interrupted: continue with \`resume\` ${path}`;
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted', message });
  const resumed = await prune(residualNetwork(), { ...options, run: openRunDirectory(path) });
  expect(resumed.units).toEqual(uninterrupted.units);
  expect(serializeModel(resumed.graph)).toEqual(serializeModel(uninterrupted.graph));
});

it('names why a network has nothing to untie, and which options contradict', async () => {
  await expect(prune(plainNetwork(), options)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('the network has none'),
  });
  const contradicting: readonly (readonly [Partial<PruneOptions>, string])[] = [
    [
      { pace: 'linear', until: undefined, maskEvery: undefined },
      '`residual` untied needs `pace` gradual, found linear',
    ],
    [{ residual: 'tied', carried: 'free' }, '`carried` needs `residual` untied'],
  ];
  for (const [changes, message] of contradicting)
    await expect(prune(residualNetwork(), { ...options, ...changes })).rejects.toThrow(message);
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Shape } from '../../src/graph/graph.ts';
import { benchmark } from '../../src/measure/latency.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { normals } from '../support/run-graph.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** n convolutions of 32 channels. */
function chain(convolutions: number, shape: Shape = ['N', 32, 32, 32]): Uint8Array {
  const graph = emptyGraph('chain');
  const g = builderOf(graph);
  let x = g.input('x', 'float32', shape);
  for (let i = 0; i < convolutions; i++) {
    x = g.Conv(x, g.constant(normals([32, 32, 3, 3], i, 0.05), 'weight'), { pads: [1, 1, 1, 1] });
  }
  g.output(x, 'y');
  return serializeModel(graph);
}

describe('benchmark', () => {
  it('measures models side by side and compares them with the first', async () => {
    const path = join(temporaryFolder(), 'short.onnx');
    writeFileSync(path, chain(1));
    const { models, rounds } = await benchmark([chain(16), path], { rounds: 7 });
    expect(rounds).toBe(7);
    const [long, short] = models as [(typeof models)[number], (typeof models)[number]];
    expect([long.path, short.path]).toEqual(['model 1', path]);
    expect(long).toMatchObject({ ratio: 1, ratioSpread: [1, 1] });
    // Sixteen times the work: anything under four would be another thing that is measured.
    expect(short.ratio).toBeGreaterThan(4);
    expect(short.minMs).toBeLessThanOrEqual(short.medianMs);
    expect(short.medianMs).toBeLessThanOrEqual(short.p90Ms);
    expect(long.warning).toBeUndefined();
    expect(short.warning).toBeUndefined();
  });

  it('warns of what is slower', async () => {
    const { models } = await benchmark([chain(1), chain(16)], { rounds: 5 });
    expect(models[1]!.warning).toMatch(/^slower than the first model \(-\d/);
  });

  it('measures for the seconds given', async () => {
    const start = performance.now();
    const { rounds } = await benchmark([chain(1)], { seconds: 0.3 });
    expect(performance.now() - start).toBeGreaterThan(300);
    expect(rounds).toBeGreaterThanOrEqual(5);
  });

  it('takes the batch and size that it is given, where the model leaves them open', async () => {
    const graph = emptyGraph('particular');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', ['N', 32, 'h', 'w']);
    g.output(g.Reshape(x, g.int64s([4, 32, 12 * 12])), 'y'); // runs on four images of 12×12 alone
    const particular = serializeModel(graph);
    await expect(benchmark([particular], { batch: 4, size: 12, rounds: 2 })).resolves.toMatchObject({
      batch: 4,
    });
    await expect(benchmark([particular], { batch: 4, size: 11, rounds: 2 })).rejects.toThrow();
    await expect(benchmark([particular], { batch: 3, size: 12, rounds: 2 })).rejects.toThrow();
  });

  it('refuses a fixed batch, an open size, and bytes that are no model', async () => {
    await expect(benchmark([chain(1, [4, 32, 8, 8])])).rejects.toThrow(
      'model 1: x has a fixed batch of 4, expected 1',
    );
    await expect(benchmark([chain(1, ['N', 32, 'h', 'w'])])).rejects.toThrow('expected --size N');
    await expect(benchmark([Uint8Array.of(1, 2, 3)])).rejects.toMatchObject({ name: 'EspalierError' });
  });

  it('stops on a signal', async () => {
    const stopped = benchmark([chain(1)], { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchmark } from '../../src/measure/latency.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { convolutionChain, particularModel } from '../support/timed-models.ts';

describe('benchmark', () => {
  it('measures models side by side and compares them with the first', async () => {
    const path = join(temporaryFolder(), 'short.onnx');
    writeFileSync(path, convolutionChain(1));
    const { models, rounds } = await benchmark([convolutionChain(16), path], { rounds: 7 });
    expect(rounds).toBe(7);
    const [long, short] = models as [(typeof models)[number], (typeof models)[number]];
    expect([long.path, short.path]).toEqual(['model 1', path]);
    expect(long).toMatchObject({ ratio: 1, ratioSpread: [1, 1] });
    expect(short.ratio).toBe(long.medianMs / short.medianMs);
    expect(short.minMs).toBeLessThanOrEqual(short.medianMs);
    expect(short.medianMs).toBeLessThanOrEqual(short.p90Ms);
  });

  it('measures for the seconds given', async () => {
    const start = performance.now();
    const { rounds } = await benchmark([convolutionChain(1)], { seconds: 0.3 });
    expect(performance.now() - start).toBeGreaterThan(300);
    expect(rounds).toBeGreaterThanOrEqual(5);
  });

  it('takes the batch and size that it is given, where the model leaves them open', async () => {
    const particular = particularModel();
    await expect(benchmark([particular], { batch: 4, size: 12, rounds: 2 })).resolves.toMatchObject({
      batch: 4,
    });
    await expect(benchmark([particular], { batch: 4, size: 11, rounds: 2 })).rejects.toThrow();
    await expect(benchmark([particular], { batch: 3, size: 12, rounds: 2 })).rejects.toThrow();
  });

  it('refuses a fixed batch, an open size, and bytes that are no model', async () => {
    await expect(benchmark([convolutionChain(1, [4, 32, 8, 8])], { batch: 2 })).rejects.toThrow(
      'model 1: x has a fixed batch of 4, expected 2',
    );
    await expect(benchmark([convolutionChain(1, ['N', 32, 'h', 'w'])])).rejects.toThrow('expected `size` N');
    await expect(benchmark([Uint8Array.of(1, 2, 3)])).rejects.toMatchObject({ name: 'EspalierError' });
  });

  it('stops on a signal', async () => {
    const stopped = benchmark([convolutionChain(1)], { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });
});
